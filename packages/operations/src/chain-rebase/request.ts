import { FormatName, Path } from '@varve/protocol/primitives'
import { z } from 'zod'

export const ChainRebaseRequest = z.object({
  image: Path,
  /** What it is to stand on. */
  parent: Path,
  /** Null: as it is detected. */
  parentFormat: FormatName.nullable().default(null),
})
export type ChainRebaseRequest = z.infer<typeof ChainRebaseRequest>
