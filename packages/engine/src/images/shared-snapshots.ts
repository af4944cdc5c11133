import { lstat, readdir } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { HostPlace } from '@varve/core/image/image-files'

/** A snapshot of a raw image: a file beside it, which shared all its blocks when it was made. */
export interface SharedSnapshot {
  readonly name: string
  readonly path: string
  /** Milliseconds since 1970. */
  readonly madeAt: number
  /** Bytes of the disk. */
  readonly size: number
}

/** The files `IMAGE@NAME` beside the raw image at `path`, by name. */
export async function sharedSnapshots(path: string): Promise<SharedSnapshot[]> {
  const start = `${basename(path)}@`
  const names = (await readdir(dirname(path))).filter((name) => name.startsWith(start) && name !== start)
  const found = await Promise.all(
    names.sort().map(async (name): Promise<SharedSnapshot[]> => {
      const file = join(dirname(path), name)
      // It may go between the two looks.
      const stat = await lstat(file).catch(() => null)
      if (!stat?.isFile()) return []
      return [{ name: name.slice(start.length), path: file, madeAt: stat.mtimeMs, size: stat.size }]
    }),
  )
  return found.flat()
}

/** Whether the filesystem makes a file that shares the blocks of another; that of Debian's ZFS copies on write, but does not. */
export function makesSharedFiles({ copyOnWrite, filesystem }: HostPlace): boolean {
  return copyOnWrite === true && filesystem !== 'zfs'
}
