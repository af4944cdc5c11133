import { writableFormats } from '@varve/core/formats/writable-formats'
import { Bytes, FormatName, Path, Subformat } from '@varve/protocol/primitives'
import { z } from 'zod'

/** Names the hidden file or folder beside the target in which a new image lies until it is proven. */
export const StagingId = z.string().regex(/^[\w-]{1,64}$/u)

/** Where a new image lies before it has its name. */
export const Staged = z.lazy(() =>
  z.object({
    /** Absolute path that the image is to get. */
    target: Path,
    staging: StagingId,
    format: z.enum(writableFormats),
    subformat: Subformat.default(null),
  }),
)
export type Staged = z.infer<typeof Staged>

const Uuid = z.string().regex(/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/iu)

/** What a new image is to be. */
export const NewImage = z.lazy(() =>
  Staged.unwrap().extend({
    compression: z.enum(['none', 'zlib', 'zstd']).default('none'),
    /** The format's choices as a command line has them, such as `preallocation`: `metadata`. */
    options: z.record(z.string(), z.string()).default({}),
    /** The image that it is an overlay of. */
    backing: z
      .object({
        /** Absolute. */
        path: Path,
        format: FormatName,
      })
      .nullable()
      .default(null),
    /** What the image says of the machine that its guest was set up on. */
    guest: z
      .object({
        logicalSectorSize: z.union([z.literal(512), z.literal(4096)]).optional(),
        firmware: z.enum(['bios', 'efi']).optional(),
        architecture: z.enum(['x86_64', 'aarch64']).optional(),
        guest: z.enum(['linux', 'windows']).optional(),
      })
      .default({}),
    /** What it goes on being known by, where it takes the place of another image; not there: it is a new one. */
    identity: z
      .object({
        /** Unique ID of a VHD, virtual disk ID of a VHDX, creation UUID of a VDI. */
        disk: Uuid.optional(),
        /** Time stamp of a VHD in ms, DataWriteGuid of a VHDX, CID of a VMDK, modification UUID of a VDI. */
        content: z.union([Uuid, z.string().regex(/^(?:[0-9a-f]{8}|\d{1,15})$/u)]).optional(),
      })
      .optional(),
  }),
)
export type NewImage = z.infer<typeof NewImage>

/** `synced`: on the medium when the action ends; `cached`: the system writes it back later, as with cp(1). */
export const Durability = z.enum(['synced', 'cached'])

/** What of a damaged image was read as zeros, because somebody said so by name. */
const Zeroed = z.lazy(() =>
  z.object({
    file: z.string(),
    bytes: Bytes,
    ranges: z.array(z.object({ start: Bytes, end: Bytes })),
  }),
)

/** What was written. */
export const Written = z.lazy(() =>
  z.object({
    staging: StagingId,
    /** The number of the image on its filesystem, by which it is known whatever name it has; null: not known. */
    file: z.string().nullable().default(null),
    digest: z.string(),
    virtualSize: Bytes,
    dataBytes: Bytes,
    fileSize: Bytes,
    /** Bytes that share blocks with the source, where the filesystem can do that. */
    sharedBytes: Bytes.default(0),
    /** Names of its parts beside it; most formats have none. */
    parts: z.array(z.string()).default([]),
    zeroed: z.array(Zeroed).default([]),
    seconds: z.number().min(0).default(0),
  }),
)
export type Written = z.infer<typeof Written>
