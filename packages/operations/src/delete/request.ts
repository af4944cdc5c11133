import { Path } from '@varve/protocol/primitives'
import { z } from 'zod'

/** Puts an image into the quarantine of its folder. */
export const DeleteRequest = z.object({
  /** Absolute. */
  image: Path,
})
export type DeleteRequest = z.infer<typeof DeleteRequest>
