import { Bytes, Path } from '@varve/protocol/primitives'
import { z } from 'zod'
import { StagingId } from './new-image.ts'

/** A partition of an image that Windows has made a disk, and where it is seen. */
export const PartitionMount = z.lazy(() =>
  z.object({
    /** Of Varve's disk of the image. */
    attachment: StagingId,
    /** Absolute. */
    image: Path,
    /** At which byte of the disk the partition begins: how Windows numbers it is its own. */
    start: Bytes,
    /** Absolute; a drive letter as `X:\`. */
    folder: Path,
    /** Whether the folder is made for it. */
    isNew: z.boolean(),
  }),
)
export type PartitionMount = z.infer<typeof PartitionMount>

/** Whether it is a drive letter, as `X:\`. */
export function isDriveLetter(folder: string): boolean {
  return /^[A-Za-z]:\\?$/u.test(folder)
}
