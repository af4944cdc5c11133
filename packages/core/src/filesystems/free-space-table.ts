import { readFreeSpace as readBtrfs } from './btrfs-free.ts'
import { readFreeSpace as readExfat } from './exfat-free.ts'
import { readFreeSpace as readExt } from './ext-free.ts'
import { readFreeSpace as readFat } from './fat-free.ts'
import type { ReadFreeSpace } from './free-space.ts'
import { readFreeSpace as readHfsPlus } from './hfsplus-free.ts'
import { readFreeSpace as readNtfs } from './ntfs-free.ts'
import { readFreeSpace as readXfs } from './xfs-free.ts'

/** How the free blocks of a filesystem are read, by what its recogniser calls it; of others nobody here can tell. */
export const freeSpaceTable: { readonly [Type in string]?: ReadFreeSpace } = {
  btrfs: readBtrfs,
  exfat: readExfat,
  ext2: readExt,
  ext3: readExt,
  ext4: readExt,
  fat12: readFat,
  fat16: readFat,
  fat32: readFat,
  'hfs+': readHfsPlus,
  hfsx: readHfsPlus,
  ntfs: readNtfs,
  xfs: readXfs,
}
