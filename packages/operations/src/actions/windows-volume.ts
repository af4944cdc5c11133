import { Bytes, Path } from '@varve/protocol/primitives'
import { z } from 'zod'
import { PartitionNumber } from './attached-device.ts'

/** A VHDX of Varve's own that is a disk of Windows. */
export const WorkDisk = z.lazy(() =>
  z.object({
    /** The hidden VHDX, by which its disk is known. Absolute. */
    work: Path,
    /** What people call the image. */
    name: Path,
  }),
)
export type WorkDisk = z.infer<typeof WorkDisk>

/** A partition of such a disk, with the volume in it. */
export const WorkVolume = z.lazy(() =>
  WorkDisk.unwrap().extend({
    /** As the partition table numbers it; Windows counts for itself, and goes by `start`. */
    partition: PartitionNumber,
    /** Byte of the disk at which it begins. */
    start: Bytes,
  }),
)
export type WorkVolume = z.infer<typeof WorkVolume>

/** Filesystems that Windows gives another size, by the names that the scan of guests gives. */
export const WindowsFilesystem = z.enum(['ntfs', 'refs'])
export type WindowsFilesystem = z.infer<typeof WindowsFilesystem>

export function isWindowsFilesystem(type: string | undefined): type is WindowsFilesystem {
  return WindowsFilesystem.safeParse(type).success
}

export const windowsNames: Readonly<Record<WindowsFilesystem, string>> = { ntfs: 'NTFS', refs: 'ReFS' }
