import { Path } from '@varve/protocol/primitives'
import { z } from 'zod'

/** Gives an image another name or place on its host. */
export const MoveRequest = z.object({
  /** Absolute, both; a target that is a folder means the same name in it. */
  source: Path,
  target: Path,
})
export type MoveRequest = z.infer<typeof MoveRequest>
