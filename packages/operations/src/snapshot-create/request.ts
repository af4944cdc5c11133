import { Path } from '@varve/protocol/primitives'
import { z } from 'zod'

export const SnapshotCreateRequest = z.lazy(() =>
  z.object({
    image: Path,
    name: z.string(),
    /** `internal`: inside the image (qcow2); `external`: an overlay beside it, which machines use from then on. */
    kind: z.enum(['internal', 'external']).default('internal'),
  }),
)
export type SnapshotCreateRequest = z.infer<typeof SnapshotCreateRequest>
