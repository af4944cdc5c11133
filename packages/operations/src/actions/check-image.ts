import { countOf } from '@varve/core/units/format-bytes'
import { Path } from '@varve/protocol/primitives'
import { z } from 'zod'
import { defineAction } from './action.ts'
import { ImageAddress } from './image-address.ts'
import { baseName } from './path-words.ts'

/** Walks all tables of an image and fails when anything in them is corrupt; only reads. */
export const checkImage = defineAction({
  name: 'check-image',
  layer: 'L2',
  lane: 'short',
  attempts: 1,
  isFinal: false,
  input: z.lazy(() =>
    z.object({
      image: ImageAddress,
      /** What people call the image, where it is hidden until it has its name. */
      name: Path.nullable().default(null),
    }),
  ),
  outcome: z.lazy(() =>
    z.object({
      corruptions: z.number(),
      leaks: z.number(),
      remarks: z.number(),
      /** Whether all of it could be looked at. */
      isComplete: z.boolean(),
    }),
  ),
  words: ({ image, name }) => ({
    title: 'Check it',
    does: `Walks all tables of ${name === null ? baseName(image.path) : `what is to become ${baseName(name)}`} and fails when they contradict each other.`,
  }),
  told: ({ leaks, remarks }) =>
    `no corruption, ${countOf(leaks, 'leak')}${remarks > 0 ? `, ${countOf(remarks, 'remark')}` : ''}`,
  undo: () => [],
})
