import { Path } from '@varve/protocol/primitives'
import { z } from 'zod'

export const ChainFlattenRequest = z.object({
  /** The image that is to stand alone. */
  image: Path,
})
export type ChainFlattenRequest = z.infer<typeof ChainFlattenRequest>
