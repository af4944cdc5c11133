import { z } from 'zod'
import { Path } from '@varve/protocol/primitives'

/** Takes the device of an image away. */
export const DetachRequest = z.object({
  /** An image, or the device that it is attached as; absolute. */
  target: Path,
  /** Of macOS: while it stays busy, its disk is taken away all the same, if that is consented to. */
  isForced: z.boolean().default(false),
})
export type DetachRequest = z.infer<typeof DetachRequest>
