import { Digest } from '@varve/protocol/primitives'
import { z } from 'zod'
import { ImageAddress } from '../actions/image-address.ts'
import { CopyChoices } from '../convert/request.ts'
import { VolumeChoices } from '../create-volume/request.ts'

export const WriteVolumeRequest = z.lazy(() =>
  CopyChoices.unwrap()
    .pick({ inUse: true, verify: true })
    .extend(VolumeChoices.unwrap().shape)
    .extend({
      source: ImageAddress,
      /** `lvm:VG/LV`, `zfs:POOL/VOLUME`. */
      target: z.string().min(1).max(600),
      /** The digest of the disk, where it is known already. */
      expected: Digest.nullable().default(null),
      /** What becomes of the internal snapshots of the source: a volume has room for none. */
      snapshots: z.enum(['ask', 'drop']).default('ask'),
    }),
)
export type WriteVolumeRequest = z.infer<typeof WriteVolumeRequest>
