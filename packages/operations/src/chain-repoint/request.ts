import { FormatName, Path } from '@varve/protocol/primitives'
import { z } from 'zod'

export const ChainRepointRequest = z.lazy(() =>
  z.object({
    /** The image whose parent gets another name. */
    image: Path,
    parent: Path,
    /** Null: as it is detected. */
    parentFormat: FormatName.nullable().default(null),
    /** `waived`: somebody said by name that the new parent is not compared with the old one. */
    proof: z.enum(['wanted', 'waived']).default('wanted'),
    /** Who writes it; `hyper-v`: into a copy that takes the place. */
    by: z.enum(['varve', 'hyper-v']).default('varve'),
  }),
)
export type ChainRepointRequest = z.infer<typeof ChainRepointRequest>
