import { Path } from '@varve/protocol/primitives'
import { z } from 'zod'

export const SnapshotCreateRequest = z.lazy(() =>
  z.object({
    image: Path,
    name: z.string(),
    /** `internal`: inside the image (qcow2); `external`: an overlay beside it, which machines use from then on. */
    kind: z.enum(['internal', 'external']).default('internal'),
    /** Of a disk of a machine of Hyper-V, the kind of its checkpoint; left out: what the machine is set to. */
    checkpoint: z.enum(['production', 'standard']).optional(),
  }),
)
export type SnapshotCreateRequest = z.infer<typeof SnapshotCreateRequest>
