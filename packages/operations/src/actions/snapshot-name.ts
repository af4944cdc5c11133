import { Path } from '@varve/protocol/primitives'
import { z } from 'zod'

/** QEMU keeps 255 bytes of a name, and cuts off what is longer. */
const longestName = 255

/** The name of an internal snapshot. */
export const SnapshotName = z
  .string()
  .min(1)
  .refine(
    (name) =>
      name.isWellFormed() && !name.includes('\0') && new TextEncoder().encode(name).length <= longestName,
    `the name of a snapshot is text of at most ${longestName} bytes`,
  )

/** An internal snapshot of a qcow2. */
export const SnapshotOf = z.object({ path: Path, name: SnapshotName })
export type SnapshotOf = z.infer<typeof SnapshotOf>
