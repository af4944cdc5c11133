import { shellWord } from '../plans/shown.ts'

/** What does without making anything smaller. */
export function copyInstead(file: string): string {
  return `Make a new, smaller image (varve create), attach both and copy the files; or leave its size and give back what is free: varve reclaim ${shellWord(file)}.`
}

/** What is done instead with a filesystem that does not become smaller. */
export function filesystemRemedy(file: string, type: string): string {
  const known: Readonly<Record<string, string>> = {
    xfs: `Have a new, smaller XFS made that gets its files: varve shrink ${shellWord(file)} --to SIZE --by-files (or --min --by-files). Or leave its size and give back what is free: varve reclaim ${shellWord(file)}.`,
    refs: `Make a new, smaller image with a ReFS in Windows, and copy the files: robocopy /mir /copyall. Or leave its size and give back what is free: varve reclaim ${shellWord(file)}.`,
  }
  return known[type] ?? copyInstead(file)
}

/** What is done instead with a volume group whose files are not copied. */
export function groupRemedy(file: string): string {
  return `Leave --by-files out where the filesystem becomes smaller itself (ext2 to ext4, Btrfs, NTFS, swap). Else: ${copyInstead(file)}`
}

/** The same where volumes that are not linear are in the way. */
export function linearRemedy(file: string): string {
  return `Have its group hold linear volumes alone, inside the guest (lvconvert; lvremove or vgsplit of others). Else: ${copyInstead(file)}`
}

/** How the guest makes a volume smaller that Varve does not. */
export function volumeRemedy(file: string, type: string): string {
  if (type === 'lvm2')
    return 'Shrink it inside the guest, the upper layer first: the filesystem and its volume (lvreduce --resizefs), then the physical volume (pvresize --setphysicalvolumesize; pvmove where extents lie in the way), then the partition; after that varve shrink --partition none cuts the disk.'
  if (type === 'luks1' || type === 'luks2')
    return 'Shrink it inside the guest, the upper layer first: the filesystem, the mapping (cryptsetup resize --device-size), the partition; after that varve shrink --partition none cuts the disk.'
  if (type === 'bitlocker')
    return 'Shrink the volume in Windows (Resize-Partition), which has it unlocked; after that varve shrink --partition none cuts the disk.'
  if (type === 'apfs-container')
    return 'Shrink the container in macOS: diskutil apfs resizeContainer; after that varve shrink --partition none cuts the disk.'
  return copyInstead(file)
}
