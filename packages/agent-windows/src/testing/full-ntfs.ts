import { randomBytes } from 'node:crypto'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { mbrSector } from '@varve/test-kit/mbr-sector'
import { runToolOk } from '@varve/test-kit/tools'

const partitionStart = 2 ** 20
const typeOfNtfs = 0x07

/** A raw disk with one partition of NTFS, in whose free blocks there is rubbish, as a quick format leaves it. */
export async function writeFullNtfs(path: string, size: number): Promise<void> {
  const part = `${path}.part`
  await writeFile(part, randomBytes(size - partitionStart))
  await runToolOk('mkfs.ntfs', ['-q', '-F', '-Q', '-p', '2048', part])
  const sector = mbrSector(size)
  sector[446 + 4] = typeOfNtfs
  const disk = Buffer.concat([Buffer.alloc(partitionStart), await readFile(part)])
  disk.set(sector)
  await writeFile(path, disk)
  await rm(part)
}
