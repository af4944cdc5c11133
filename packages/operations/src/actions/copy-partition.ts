import { formatBytes } from '@varve/core/units/format-bytes'
import { Bytes, Path } from '@varve/protocol/primitives'
import { z } from 'zod'
import { PartitionNumber } from './attached-device.ts'
import { defineAction } from './action.ts'
import { ImageAddress } from './image-address.ts'
import { baseName } from './path-words.ts'

/** Writes the bytes of a partition at another place of a work image, from the image itself, and reads them back. */
export const copyPartition = defineAction({
  name: 'copy-partition',
  layer: 'L3',
  lane: 'transfer',
  attempts: 1,
  isFinal: false,
  isHidden: true,
  input: z.lazy(() =>
    z.object({
      /** Whose partition it is; only read. */
      source: ImageAddress,
      /** The hidden work image. Absolute. */
      work: Path,
      partition: PartitionNumber,
      /** Byte of the disk at which it begins. */
      start: Bytes,
      length: Bytes,
      /** Byte of the disk at which it is to begin. */
      to: Bytes,
    }),
  ),
  outcome: z.lazy(() => z.object({ bytes: Bytes })),
  words: ({ source, partition, start, length, to }) => ({
    title: `Copy partition ${partition} to its new place`,
    does: `Writes the ${formatBytes(length)} of partition ${partition} of ${baseName(source.path)} ${formatBytes(Math.abs(to - start))} farther ${to < start ? 'forward' : 'back'}, from the image itself, and reads them back.`,
  }),
  told: ({ bytes }) => `${formatBytes(bytes)}, read back and equal`,
  undo: () => [],
})
