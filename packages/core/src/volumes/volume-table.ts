import type { VolumeFinding } from '../guest/guest-contents.ts'
import { recognise as recogniseApfs } from './apfs-container.ts'
import { recognise as recogniseBitlocker } from './bitlocker.ts'
import { recognise as recogniseCoreStorage } from './corestorage.ts'
import { recognise as recogniseLuks } from './luks.ts'
import { recognise as recogniseLvm2 } from './lvm2.ts'
import { recognise as recogniseMdraid } from './mdraid.ts'
import { recognise as recogniseStorageSpaces } from './storage-spaces.ts'
import type { RecogniseVolume } from './volume-finding.ts'

/** Every kind of volume that is recognised by what it holds, in the order in which they are tried. */
export const volumeTable: readonly RecogniseVolume[] = [
  recogniseLvm2,
  recogniseLuks,
  recogniseBitlocker,
  recogniseApfs,
  recogniseCoreStorage,
  recogniseStorageSpaces,
  recogniseMdraid,
]

/** Kinds of volumes that the partition's type names and that keep their own tables elsewhere. */
export const volumeByPartitionType: Readonly<Record<string, VolumeFinding['type']>> = {
  '0x42': 'ldm',
  '5808C8AA-7E8F-42E0-85D2-E1E90434CFB3': 'ldm',
  'AF9B60A0-1431-4F62-BC68-3311714A69AD': 'ldm',
  'E75CAF8F-F680-4CEE-AFA3-B001E56EFC2D': 'storage-spaces',
}
