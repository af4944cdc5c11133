import { Path } from '@varve/protocol/primitives'
import { z } from 'zod'

export const ReclaimRequest = z.lazy(() =>
  z.object({
    /** The image that is to give back what it holds for nothing. */
    image: Path,
    /** Free blocks are left as they are: only zeros become holes. */
    zerosOnly: z.boolean().default(false),
    /** Windows compacts the file itself: no room for a copy is needed, and nothing of before is kept. */
    inPlace: z.boolean().default(false),
  }),
)
export type ReclaimRequest = z.infer<typeof ReclaimRequest>
