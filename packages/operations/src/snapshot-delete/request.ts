import { Path } from '@varve/protocol/primitives'
import { z } from 'zod'

export const SnapshotDeleteRequest = z.lazy(() => z.object({ image: Path, name: z.string() }))
export type SnapshotDeleteRequest = z.infer<typeof SnapshotDeleteRequest>
