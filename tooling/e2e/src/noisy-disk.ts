import { createCipheriv } from 'node:crypto'
import { open } from 'node:fs/promises'

const MiB = 1024 * 1024

/** A raw disk with `data` bytes that do not compress, in runs of 4 MiB with holes between; the same on every run. */
export async function writeNoisyDisk(
  path: string,
  { size, data }: { size: number; data: number },
): Promise<void> {
  const cipher = createCipheriv('aes-128-ctr', Buffer.alloc(16, 3), Buffer.alloc(16))
  const zeros = Buffer.alloc(4 * MiB)
  const runs = Math.floor(data / zeros.length)
  const stride = Math.floor(size / runs / MiB) * MiB
  await using file = await open(path, 'wx')
  await file.truncate(size)
  for (let run = 0; run < runs; run += 1)
    await file.write(cipher.update(zeros), 0, zeros.length, run * stride)
}
