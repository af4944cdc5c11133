import { Path } from '@varve/protocol/primitives'
import { z } from 'zod'
import { ImageAddress } from '../actions/image-address.ts'

/** Repairs the tables of an image. */
export const RepairRequest = z.lazy(() =>
  z.object({
    image: ImageAddress,
    /** `varve`: what is provably safe, in place behind an undo file. `qemu-img`: what it repairs, on a copy that takes the place. */
    by: z.enum(['varve', 'qemu-img']).default('varve'),
    /** Of `varve`: the new file that keeps what is overwritten. Absolute. */
    backup: Path.nullable().default(null),
    /** Of `qemu-img`. */
    what: z.enum(['leaks', 'all']).default('leaks'),
  }),
)
export type RepairRequest = z.infer<typeof RepairRequest>
