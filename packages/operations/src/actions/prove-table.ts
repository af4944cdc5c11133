import { Bytes } from '@varve/protocol/primitives'
import { z } from 'zod'
import { defineAction } from './action.ts'
import { sizeWords } from './later-size.ts'
import { baseName } from './path-words.ts'
import { WorkVolume } from './windows-volume.ts'

/** Reads the partition table of a work VHDX by Varve's own engine; fails when it is not what it was but for the end of one partition. */
export const proveTable = defineAction({
  name: 'prove-table',
  layer: 'L4',
  lane: 'short',
  attempts: 1,
  isFinal: false,
  isHidden: true,
  input: z.lazy(() =>
    WorkVolume.unwrap().extend({
      kind: z.enum(['gpt', 'mbr']),
      /** Of the disk, as its table has it. */
      id: z.string().nullable(),
      /** Bytes of the partition that got another end. */
      size: Bytes,
      /** All others, in bytes. */
      others: z.array(z.object({ start: Bytes, length: Bytes })),
    }),
  ),
  outcome: z.lazy(() => z.object({ end: Bytes })),
  words: ({ name, partition, kind, size }) => ({
    title: 'Prove the partition table',
    does: `Reads the ${kind.toUpperCase()} of the work VHDX of ${baseName(name)}: partition ${partition} has ${sizeWords(size)}, the others and the identity of the disk are what they were, nothing overlaps${kind === 'gpt' ? ', and both copies stand where the disk begins and ends' : ''}.`,
  }),
  told: ({ end }) => `it ends at byte ${end}`,
  undo: () => [],
})
