import { z } from 'zod'
import { Path } from './primitives.ts'

export const MacProduct = z.enum(['UTM', 'Parallels', 'VMware Fusion'])
export type MacProduct = z.infer<typeof MacProduct>

export const MacSnapshot = z.lazy(() =>
  z.object({
    id: z.string(),
    name: z.string(),
    /** As the product has it; null: not told. */
    madeAt: z.string().nullable(),
    parent: z.string().nullable(),
    /** The machine's disks stand on it. */
    isCurrent: z.boolean(),
  }),
)
export type MacSnapshot = z.infer<typeof MacSnapshot>

/** A virtual machine of a product of the Mac. */
export const MacMachine = z.lazy(() =>
  z.object({
    product: MacProduct,
    /** A UUID in lower case; null: it has none. */
    id: z.string().nullable(),
    name: z.string(),
    /** In the product's words, such as `stopped`, `started`, `suspended`; null: not told. */
    state: z.string().nullable(),
    /** The folder that is the machine. */
    folder: Path,
    disks: z.array(z.object({ path: Path, isThere: z.boolean() })),
    snapshots: z.array(MacSnapshot),
  }),
)
export type MacMachine = z.infer<typeof MacMachine>
