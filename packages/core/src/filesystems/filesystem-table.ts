import { recognise as recogniseBtrfs } from './btrfs.ts'
import { recognise as recogniseExfat } from './exfat.ts'
import { recognise as recogniseExt } from './ext.ts'
import { recognise as recogniseFat } from './fat.ts'
import type { RecogniseFilesystem } from './filesystem-finding.ts'
import { recognise as recogniseHfsPlus } from './hfsplus.ts'
import { recognise as recogniseIso9660 } from './iso9660.ts'
import { recognise as recogniseNtfs } from './ntfs.ts'
import { recogniseF2fs, recogniseHammer, recogniseRefs } from './signatures.ts'
import { recognise as recogniseSwap } from './swap.ts'
import { recognise as recogniseUfs } from './ufs.ts'
import { recognise as recogniseZfs } from './zfs-label.ts'
import { recognise as recogniseXfs } from './xfs.ts'

/**
 * Every filesystem that is recognised, in the order in which they are tried: the surest signatures first, FAT late since
 * others keep a boot sector like it. `type` names a filesystem whose recogniser could not finish.
 */
export const filesystemTable: readonly { readonly type: string; readonly recognise: RecogniseFilesystem }[] =
  [
    { type: 'xfs', recognise: recogniseXfs },
    { type: 'ntfs', recognise: recogniseNtfs },
    { type: 'exfat', recognise: recogniseExfat },
    { type: 'refs', recognise: recogniseRefs },
    { type: 'btrfs', recognise: recogniseBtrfs },
    { type: 'ext4', recognise: recogniseExt },
    { type: 'swap', recognise: recogniseSwap },
    { type: 'f2fs', recognise: recogniseF2fs },
    { type: 'hammer2', recognise: recogniseHammer },
    { type: 'hfs+', recognise: recogniseHfsPlus },
    { type: 'iso9660', recognise: recogniseIso9660 },
    { type: 'zfs', recognise: recogniseZfs },
    { type: 'ufs', recognise: recogniseUfs },
    { type: 'fat32', recognise: recogniseFat },
  ]
