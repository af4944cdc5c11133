import type { FormatName } from './format-rules.ts'

/** Whether images of the format are the folders of machines: settings that are not the disk's, and often several disks. */
export function isMachineFolder(format: FormatName): format is 'utm' | 'pvm' {
  return format === 'utm' || format === 'pvm'
}
