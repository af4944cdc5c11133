import { z } from 'zod'
import { Path } from '@varve/protocol/primitives'

/** Takes the device of an image away. */
export const DetachRequest = z.object({
  /** An image, or the device that it is attached as; absolute. */
  target: Path,
})
export type DetachRequest = z.infer<typeof DetachRequest>
