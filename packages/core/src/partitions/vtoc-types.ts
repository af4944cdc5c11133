/** Solaris, sys/vtoc.h: the tag of the slice that stands for the whole disk. */
export const wholeDiskTag = 5

/** The same: what slices are for; from 0x82 on as Linux uses it. */
export const vtocTypeNames: Readonly<Record<number, string>> = {
  0: 'Unassigned',
  1: 'Solaris boot',
  2: 'Solaris root',
  3: 'Solaris swap',
  4: 'Solaris usr',
  5: 'Whole disk',
  6: 'Solaris stand',
  7: 'Solaris var',
  8: 'Solaris home',
  9: 'Solaris alternate sectors',
  10: 'Solaris cache',
  11: 'Solaris reserved',
  0x82: 'Linux swap',
  0x83: 'Linux',
  0x8e: 'Linux LVM',
  0xfd: 'Linux RAID',
}
