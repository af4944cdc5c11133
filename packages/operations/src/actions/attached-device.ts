import { Bytes, Path } from '@varve/protocol/primitives'
import { z } from 'zod'
import { StagingId } from './new-image.ts'

/** A block device of the host of the step; no other name is ever handed to a tool. */
export const DevicePath = z.string().regex(/^\/dev\/(?:(?:loop|nbd)\d{1,6}(?:p\d{1,4})?|DEVICE)$/u)

/** A mapping of Varve's over an attached device; no other name is ever handed to a tool. */
export const MappedDevice = z.string().regex(/^\/dev\/mapper\/varve-[\w+.-]{1,121}$/u)

/** A device that a filesystem of an attached image lies on: of the image itself, or a mapping over it. */
export const OpenedDevice = z.union([DevicePath, MappedDevice])

/** A logical volume and its group, by names that LVM allows. */
export const VolumeName = z.lazy(() =>
  z.object({
    group: z.string().regex(/^[A-Za-z0-9+_.][A-Za-z0-9+_.-]{0,126}$/u),
    name: z.string().regex(/^[A-Za-z0-9+_.][A-Za-z0-9+_.-]{0,126}$/u),
  }),
)

/** Bytes of the device's sectors; left out: 512. */
export const SectorSize = z.literal(4096).optional()

/** As the partition table numbers it. */
export const PartitionNumber = z.number().int().min(1).max(1000)

const Sectors = Bytes.multipleOf(512)

/** A part of a logical volume: one run of the device, or several in turn, `chunk` bytes of each. */
export const MappedPiece = z.lazy(() =>
  z.object({
    size: Sectors,
    chunk: Sectors,
    stripes: z
      .array(
        z.object({
          /** Null: the whole device. */
          partition: PartitionNumber.nullable(),
          at: Sectors,
        }),
      )
      .max(128),
  }),
)
export type MappedPiece = z.infer<typeof MappedPiece>

/** An image and the device that it is behind. */
export const AttachedDevice = z.object({
  /** Names the attachment. */
  attachment: StagingId,
  /** Absolute. */
  image: Path,
  device: DevicePath,
})

export const AttachedBy = z.enum(['loop', 'nbd-client', 'qemu-nbd'])

export const PartitionDevice = z.lazy(() =>
  z.object({
    number: z.number().int().min(1),
    device: z.string(),
    start: Bytes,
    size: Bytes,
  }),
)

/** A device with its partitions, as the kernel shows it. */
export const ShownDevice = z.lazy(() =>
  z.object({
    device: z.string(),
    size: Bytes,
    readOnly: z.boolean(),
    partitions: z.array(PartitionDevice),
  }),
)
