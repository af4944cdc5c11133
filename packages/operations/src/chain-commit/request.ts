import { Path } from '@varve/protocol/primitives'
import { z } from 'zod'

export const ChainCommitRequest = z.object({
  /** The image whose disk its parent is to hold. */
  image: Path,
})
export type ChainCommitRequest = z.infer<typeof ChainCommitRequest>
