import { Bytes, Path } from '@varve/protocol/primitives'
import { z } from 'zod'
import { StagingId } from './new-image.ts'

/** A block device of the host of the step; no other name is ever handed to a tool. */
export const DevicePath = z.string().regex(/^\/dev\/(?:(?:loop|nbd)\d{1,6}(?:p\d{1,4})?|DEVICE)$/u)

/** The same, or a volume that was opened over one: its name begins with that of its attachment. */
export const OpenedDevice = z
  .string()
  .regex(/^\/dev\/(?:(?:loop|nbd)\d{1,6}(?:p\d{1,4})?|mapper\/varve-[\w.+-]{1,120}|DEVICE)$/u)

/** An image and the device that it is behind. */
export const AttachedDevice = z.object({
  /** Names the attachment. */
  attachment: StagingId,
  /** Absolute. */
  image: Path,
  device: DevicePath,
})

export const AttachedBy = z.enum(['loop', 'nbd-client', 'qemu-nbd'])

export const PartitionDevice = z.object({
  number: z.number().int().min(1),
  device: z.string(),
  start: Bytes,
  size: Bytes,
})

/** A device with its partitions, as the kernel shows it. */
export const ShownDevice = z.object({
  device: z.string(),
  size: Bytes,
  readOnly: z.boolean(),
  partitions: z.array(PartitionDevice),
})
