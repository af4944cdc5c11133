import { fstatSync, linkSync, statfsSync, unlinkSync } from 'node:fs'
import type { FileRanges } from './file-ranges.ts'

/** `FileRanges` with what Node itself offers on every system: no holes are known, nothing is shared. */
export const portableFileRanges: FileRanges = {
  name: 'portable',
  nextData(fd, at) {
    return at < fstatSync(fd).size ? at : null
  },
  nextHole(fd, at) {
    const { size } = fstatSync(fd)
    return at < size ? size : null
  },
  punchHole: () => false,
  discard: () => false,
  cloneRange: () => false,
  cloneFile: () => false,
  allocate: () => false,
  startWriting: () => false,
  keepHoles: () => process.platform !== 'win32',
  writeInPlace: () => false,
  allocatesFaster: () => false,
  /** A hard link fails when the name is taken, which a plain rename does not. */
  renameNoReplace(from, to) {
    linkSync(from, to)
    unlinkSync(from)
  },
  exchange: () => false,
  deviceSize: () => null,
  filesystemOf(path) {
    const { bavail, blocks, bsize } = statfsSync(path)
    return {
      filesystem: null,
      mountPoint: null,
      free: bavail * bsize,
      total: blocks * bsize,
      copyOnWrite: null,
      media: null,
    }
  },
}
