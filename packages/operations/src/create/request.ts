import { writableFormats } from '@varve/core/formats/writable-formats'
import { targetProfileNames } from '@varve/core/rules/target-profiles'
import { Bytes, FormatName, Path, Subformat } from '@varve/protocol/primitives'
import { z } from 'zod'
import { Durability } from '../actions/new-image.ts'

export const CreateRequest = z.lazy(() =>
  z.object({
    target: Path,
    /** Bytes of the disk; null: as large as the parent. */
    size: Bytes.nullable().default(null),
    /** Null: as the profile has it. */
    format: z.enum(writableFormats).nullable().default(null),
    subformat: Subformat.default(null),
    /** The format's choices as a command line has them, such as `preallocation`: `full`. */
    options: z.record(z.string(), z.string()).default({}),
    /** The image that the new one is an overlay of. */
    parent: z
      .object({ path: Path, format: FormatName.nullable().default(null) })
      .nullable()
      .default(null),
    /** What the disk is for: sets and checks its kind and size. */
    profile: z.enum(targetProfileNames).nullable().default(null),
    /** Whether a filesystem that copies on write is to write the file in place (the attribute C of Btrfs). */
    noCow: z.boolean().default(false),
    durability: Durability.default('synced'),
  }),
)
export type CreateRequest = z.infer<typeof CreateRequest>
