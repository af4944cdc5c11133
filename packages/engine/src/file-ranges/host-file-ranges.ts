import type { FileRanges } from './file-ranges.ts'
import { linuxFileRanges } from './linux-file-ranges.ts'
import { portableFileRanges } from './portable-file-ranges.ts'
import { windowsCalls } from './windows-calls.ts'
import { windowsFileRanges } from './windows-file-ranges.ts'

let windows: FileRanges | null = null

/** The best `FileRanges` for the system this runs on. */
export function hostFileRanges(): FileRanges {
  if (process.platform === 'linux') return linuxFileRanges
  if (process.platform !== 'win32') return portableFileRanges
  windows ??= windowsFileRanges(windowsCalls())
  return windows
}
