import { open } from 'node:fs/promises'
import { openChain } from '../chain/open-chain.ts'
import { nodePorts } from './node-files.ts'

/** All of L3 of an image, chain and all. */
export async function readDisk(path: string): Promise<Buffer> {
  await using chain = await openChain(path, nodePorts)
  const bytes = Buffer.alloc(chain.disk.virtualSize)
  await chain.disk.readInto(bytes, 0)
  return bytes
}

/** Changes bytes of a file in place, to damage it. */
export async function overwrite(path: string, at: number, bytes: Uint8Array): Promise<void> {
  await using file = await open(path, 'r+')
  await file.write(bytes, 0, bytes.length, at)
}
