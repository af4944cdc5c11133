import { countOf } from '@varve/core/units/format-bytes'
import { Path } from '@varve/protocol/primitives'
import { z } from 'zod'
import { defineAction } from './action.ts'
import { baseName } from './path-words.ts'

/** The formats in which `qemu-img check -r` repairs anything. */
export const formatsRepairedByTool = ['qcow2', 'parallels', 'vhdx'] as const

/** Has `qemu-img check -r` repair a copy of an image; the original is not touched. */
export const repairCopy = defineAction({
  name: 'repair-copy',
  layer: 'L2',
  lane: 'short',
  attempts: 1,
  isFinal: false,
  input: z.lazy(() =>
    z.object({
      /** The hidden copy. Absolute. */
      copy: Path,
      format: z.enum(formatsRepairedByTool),
      /** `all` may change what the guest reads. */
      what: z.enum(['leaks', 'all']),
      /** What people call the image. */
      name: Path,
    }),
  ),
  outcome: z.lazy(() =>
    z.object({
      leaksFixed: z.number(),
      corruptionsFixed: z.number(),
      /** What is left. */
      leaks: z.number(),
      corruptions: z.number(),
    }),
  ),
  words: ({ name, what }) => ({
    title: 'Repair the copy with qemu-img',
    does: `Has qemu-img repair ${what === 'all' ? 'all that it can' : 'leaks'} in the copy of ${baseName(name)}.`,
  }),
  told: ({ leaksFixed, corruptionsFixed }) =>
    `${countOf(leaksFixed, 'leak')} and ${countOf(corruptionsFixed, 'corruption')} repaired`,
  undo: () => [],
})
