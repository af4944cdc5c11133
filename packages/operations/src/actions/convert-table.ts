import { countOf } from '@varve/core/units/format-bytes'
import { Bytes, Path } from '@varve/protocol/primitives'
import { z } from 'zod'
import { PartitionNumber } from './attached-device.ts'
import { defineAction } from './action.ts'
import { baseName } from './path-words.ts'

/** Writes a GPT in place of the MBR of a work image; every partition stays where it is, with its number. */
export const convertTable = defineAction({
  name: 'convert-table',
  layer: 'L4',
  lane: 'short',
  attempts: 1,
  isFinal: false,
  isHidden: true,
  input: z.lazy(() =>
    z.object({
      /** The work image. Absolute. */
      disk: Path,
      /** In the order in which they lie. */
      partitions: z.array(
        z.object({
          index: PartitionNumber,
          start: Bytes,
          length: Bytes,
          /** Type GUID. */
          type: z.uuid(),
          isActive: z.boolean(),
        }),
      ),
      /** What people call the image. */
      name: Path,
    }),
  ),
  outcome: z.lazy(() => z.object({ partitions: z.int().min(0) })),
  words: ({ name, partitions }) => ({
    title: 'Write a GPT in place of the MBR',
    does: `Writes both copies of a GPT for ${baseName(name)}, with a protective MBR: ${countOf(partitions.length, 'partition')} where they are, with the numbers that they have; those in an extended partition become ordinary ones.`,
  }),
  told: ({ partitions }) => `${countOf(partitions, 'partition')} in a GPT`,
  undo: () => [],
})
