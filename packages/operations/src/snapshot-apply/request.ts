import { Path } from '@varve/protocol/primitives'
import { z } from 'zod'

export const SnapshotApplyRequest = z.lazy(() => z.object({ image: Path, name: z.string() }))
export type SnapshotApplyRequest = z.infer<typeof SnapshotApplyRequest>
