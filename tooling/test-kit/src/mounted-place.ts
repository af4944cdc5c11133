import { mkdirSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { tempPlace, type TempPlace } from './temp-place.ts'
import { requires, runToolOk } from './tools.ts'

/** An empty filesystem of `size` bytes in a file, mounted through a loop device. `makeFilesystem`: `['mkfs.xfs', '-q']`. */
export async function mountedPlace(
  makeFilesystem: readonly [string, ...string[]],
  size = 400 * 2 ** 20,
): Promise<TempPlace> {
  const outer = await tempPlace()
  const image = outer.file('image')
  const folder = outer.file('mounted')
  writeFileSync(image, '')
  truncateSync(image, size)
  mkdirSync(folder)
  const [tool, ...args] = makeFilesystem
  await runToolOk(tool, [...args, image])
  await runToolOk('mount', ['-o', 'loop', image, folder])
  return {
    path: folder,
    file: (name) => join(folder, name),
    async [Symbol.asyncDispose]() {
      await runToolOk('umount', [folder])
      await outer[Symbol.asyncDispose]()
    },
  }
}

/** Whether filesystems can be made and mounted here: only root can, and not in every container. */
export async function canMount(): Promise<boolean> {
  if (process.getuid?.() !== 0 || !requires('mkfs.xfs', 'mkfs.btrfs', 'mount')) return false
  try {
    await (await mountedPlace(['mkfs.xfs', '-q']))[Symbol.asyncDispose]()
    return true
  } catch {
    process.stderr.write('skipped: filesystems cannot be mounted here\n')
    return false
  }
}
