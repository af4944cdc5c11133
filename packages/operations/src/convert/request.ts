import { writableFormats } from '@varve/core/formats/writable-formats'
import { Digest, FormatName, Path, Subformat } from '@varve/protocol/primitives'
import { z } from 'zod'
import { ImageAddress } from '../actions/image-address.ts'
import { Durability } from '../actions/new-image.ts'
import { writingTools } from './writing-tools.ts'

/** How a copy is made, whatever it is of. */
export const CopyChoices = z.lazy(() =>
  z.object({
    /** What a file of the target's name means: `replace` keeps it in quarantine and gives its name to the new image. */
    existing: z.enum(['refuse', 'replace']).default('refuse'),
    /** Whether the new image is read back and compared before it gets its name. */
    verify: z.boolean().default(true),
    durability: Durability.default('synced'),
    reflink: z.boolean().default(true),
    /** `accept`: a source that others may write to is read as it lies there. */
    inUse: z.enum(['refuse', 'ask', 'accept']).default('ask'),
    /** What becomes of the internal snapshots of a source, which a new image does not have: left out, or an image each. */
    snapshots: z.enum(['ask', 'drop', 'extract']).default('ask'),
  }),
)
export type CopyChoices = z.infer<typeof CopyChoices>

export const ConvertRequest = z.lazy(() =>
  CopyChoices.unwrap().extend({
    sources: z.array(ImageAddress).min(1).max(1000),
    /** The new image, or the folder of the new images. */
    target: Path,
    /** Whether `target` is a folder, in which each new image is named after its source. */
    isFolder: z.boolean().default(false),
    format: z.enum(writableFormats),
    subformat: Subformat.default(null),
    compression: z.enum(['none', 'zlib', 'zstd']).default('none'),
    /** The format's choices as a command line has them. */
    options: z.record(z.string(), z.string()).default({}),
    /** The image that the new ones become overlays of; its format as it is detected, unless said. */
    backing: z
      .object({ path: Path, format: FormatName.nullable().default(null) })
      .nullable()
      .default(null),
    /** Who writes the new images; Varve proves them, whoever it is. */
    by: z.enum(['varve', ...writingTools]).default('varve'),
    /** The digest of the disk of the one source, where it is known already: the new image is proven to have it. */
    expected: Digest.nullable().default(null),
  }),
)
export type ConvertRequest = z.infer<typeof ConvertRequest>
