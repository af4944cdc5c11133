import type { FileRanges } from './file-ranges.ts'
import { linuxFileRanges } from './linux-file-ranges.ts'
import { portableFileRanges } from './portable-file-ranges.ts'

/** The best `FileRanges` for the system this runs on. */
export function hostFileRanges(): FileRanges {
  return process.platform === 'linux' ? linuxFileRanges : portableFileRanges
}
