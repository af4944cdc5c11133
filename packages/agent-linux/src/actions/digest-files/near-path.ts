import { closeSync, constants, openSync } from 'node:fs'

/** Linux takes no longer path in one call, with its ending zero. */
const longestPath = 4096
const longestName = 255
/** Up to here a folder's path leaves room for any name in it. */
const nearest = longestPath - longestName - 2

/** Does `work` with a path of the folder that names in it can be added to: its own, or that of an open descriptor where that is too long. */
export function withNearPath<T>(folder: Buffer, work: (near: Buffer) => T): T {
  if (folder.length <= nearest) return work(folder)
  const fd = openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW)
  try {
    return work(Buffer.from(`/proc/self/fd/${fd}`))
  } finally {
    closeSync(fd)
  }
}
