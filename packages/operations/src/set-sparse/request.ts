import { Path } from '@varve/protocol/primitives'
import { z } from 'zod'

/** Has WSL make the file of a distribution's disk sparse, or a plain one. */
export const SetSparseRequest = z.object({
  /** The disk of the distribution. Absolute. */
  image: Path,
  isSparse: z.boolean(),
})
export type SetSparseRequest = z.infer<typeof SetSparseRequest>
