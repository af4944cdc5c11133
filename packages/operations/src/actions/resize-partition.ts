import { formatBytes } from '@varve/core/units/format-bytes'
import { Bytes, Path } from '@varve/protocol/primitives'
import { z } from 'zod'
import { PartitionNumber, SectorSize } from './attached-device.ts'
import { defineAction } from './action.ts'
import { sizeWords } from './later-size.ts'

/** Moves the end of a partition; its beginning, type, name, UUID and flags stay. */
export const resizePartition = defineAction({
  name: 'resize-partition',
  layer: 'L4',
  lane: 'short',
  attempts: 1,
  isFinal: false,
  isHidden: true,
  input: z.lazy(() =>
    z.object({
      /** The work image, or the device that it is. Absolute. */
      disk: Path,
      partition: PartitionNumber,
      /** Byte of the disk at which it begins. */
      start: Bytes,
      /** Byte of the disk behind its last one. */
      end: Bytes,
      /** What people call the image. */
      name: Path,
      sectorSize: SectorSize,
    }),
  ),
  outcome: z.lazy(() => z.object({ size: Bytes })),
  words: ({ partition, start, end }) => ({
    title: `Resize partition ${partition}`,
    does: `Gives partition ${partition} ${sizeWords(end - start)}: only its end is changed in the partition table.`,
  }),
  told: ({ size }) => formatBytes(size),
  undo: () => [],
})
