import { formatBytes } from '@varve/core/units/format-bytes'
import { Bytes, Path } from '@varve/protocol/primitives'
import { z } from 'zod'
import { PartitionNumber, SectorSize } from './attached-device.ts'
import { defineAction } from './action.ts'

/** Has the partition table say that a partition lies elsewhere; its size, type, name, UUID and flags stay. */
export const placePartition = defineAction({
  name: 'place-partition',
  layer: 'L4',
  lane: 'short',
  attempts: 1,
  isFinal: false,
  isHidden: true,
  input: z.lazy(() =>
    z.object({
      /** The work image. Absolute. */
      disk: Path,
      partition: PartitionNumber,
      /** Byte of the disk at which it began. */
      from: Bytes,
      length: Bytes,
      /** Byte of the disk at which it begins now. */
      to: Bytes,
      sectorSize: SectorSize,
      /** What people call the image. */
      name: Path,
    }),
  ),
  outcome: z.lazy(() => z.object({ start: Bytes })),
  words: ({ partition, length, to }) => ({
    title: `Move partition ${partition}`,
    does: `Has the partition table say that partition ${partition} (${formatBytes(length)}) begins at ${formatBytes(to)}; its size, type, name and UUID stay.`,
  }),
  told: ({ start }) => `begins at ${formatBytes(start)}`,
  undo: () => [],
})
