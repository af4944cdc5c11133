import { execFile } from 'node:child_process'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { mbrSector } from '@varve/test-kit/mbr-sector'

const run = promisify(execFile)
export const partitionStart = 2 ** 20
export const diskSize = 16 * 2 ** 20

/** A raw disk with one partition, in which one of those programs has made a filesystem. */
export async function writeDisk(
  path: string,
  [program, ...args]: readonly [program: string, ...args: string[]],
): Promise<void> {
  const part = `${path}.part`
  await writeFile(part, Buffer.alloc(diskSize - partitionStart))
  await run(program, [...args, part], {
    env: { ...process.env, PATH: `${process.env['PATH']}:/sbin:/usr/sbin` },
  })
  const disk = Buffer.alloc(diskSize)
  disk.set(mbrSector(diskSize))
  disk.set(await readFile(part), partitionStart)
  await writeFile(path, disk)
  await rm(part)
}

export const ntfs = ['mkfs.ntfs', '-F', '-Q', '-q', '-p', '2048'] as const
export const ext4 = ['mkfs.ext4', '-q', '-F'] as const
