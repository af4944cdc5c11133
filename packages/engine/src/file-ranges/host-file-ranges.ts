import { darwinCalls } from './darwin-calls.ts'
import { darwinFileRanges } from './darwin-file-ranges.ts'
import type { FileRanges } from './file-ranges.ts'
import { linuxFileRanges } from './linux-file-ranges.ts'
import { portableFileRanges } from './portable-file-ranges.ts'
import { windowsCalls } from './windows-calls.ts'
import { windowsFileRanges } from './windows-file-ranges.ts'

let made: FileRanges | null = null

/** The best `FileRanges` for the system this runs on. */
export function hostFileRanges(): FileRanges {
  made ??= rangesOf(process.platform)
  return made
}

function rangesOf(platform: NodeJS.Platform): FileRanges {
  if (platform === 'linux') return linuxFileRanges
  if (platform === 'win32') return windowsFileRanges(windowsCalls())
  if (platform === 'darwin') return darwinFileRanges(darwinCalls())
  return portableFileRanges
}
