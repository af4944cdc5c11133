import { Bytes, Path } from '@varve/protocol/primitives'
import { z } from 'zod'
import { StagingId } from './new-image.ts'

/** What macOS attaches an image by: hdiutil(1), or `diskutil image` of macOS 26 and later. */
export const DiskImageBy = z.enum(['hdiutil', 'diskutil'])
export type DiskImageBy = z.infer<typeof DiskImageBy>

/** A whole disk of macOS; no other name is ever handed to a tool. */
export const MacDisk = z.string().regex(/^\/dev\/(?:disk\d{1,6}|DEVICE)$/u)

/** A disk of macOS, or a part of one: a partition, or a volume of an APFS container. */
export const MacDevice = z.string().regex(/^\/dev\/disk\d{1,6}(?:s\d{1,4}){0,3}$/u)

/** An image that macOS attaches, and the attachment that is meant. */
export const MacImage = z.lazy(() =>
  z.object({
    attachment: StagingId,
    /** Absolute. */
    image: Path,
  }),
)

/** A volume of an APFS container, which macOS shows as a part of a second disk. */
export const ApfsVolume = z.lazy(() =>
  z.object({
    device: MacDevice,
    /** The partition, or the whole disk, that its container lies on. */
    store: MacDevice,
    name: z.string().nullable(),
    role: z.string().nullable(),
    size: Bytes,
  }),
)
export type ApfsVolume = z.infer<typeof ApfsVolume>

/** A disk that macOS makes of an image, as it shows it. */
export const ShownMacDisk = z.lazy(() =>
  z.object({
    device: MacDisk,
    size: Bytes,
    readOnly: z.boolean(),
    partitions: z.array(
      z.object({
        number: z.number().int().min(1),
        device: MacDevice,
        start: Bytes,
        size: Bytes,
      }),
    ),
    volumes: z.array(ApfsVolume),
  }),
)
export type ShownMacDisk = z.infer<typeof ShownMacDisk>
