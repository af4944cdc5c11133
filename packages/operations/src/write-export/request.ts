import { Digest, Path } from '@varve/protocol/primitives'
import { z } from 'zod'
import { ImageAddress } from '../actions/image-address.ts'
import { CopyChoices } from '../convert/request.ts'

export const WriteExportRequest = z.lazy(() =>
  CopyChoices.unwrap()
    .pick({ inUse: true, verify: true })
    .extend({
      source: ImageAddress,
      /** The digest of the disk, where it is known already: what is read back is proven to have it. */
      expected: Digest.nullable().default(null),
      /** The address of the export. */
      target: Path,
      /** What becomes of the internal snapshots of the source: an export has room for none. */
      snapshots: z.enum(['ask', 'drop']).default('ask'),
    }),
)
export type WriteExportRequest = z.infer<typeof WriteExportRequest>
