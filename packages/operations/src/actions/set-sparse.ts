import { Path } from '@varve/protocol/primitives'
import { z } from 'zod'
import { defineAction } from './action.ts'
import { baseName } from './path-words.ts'

/** Has WSL make the file of a distribution's disk sparse, or a plain one. */
export const setSparse = defineAction({
  name: 'set-sparse',
  layer: 'L1',
  lane: 'transfer',
  attempts: 1,
  isFinal: false,
  input: z.lazy(() =>
    z.object({
      /** Its disk. Absolute. */
      image: Path,
      distribution: z.string().min(1),
      isSparse: z.boolean(),
      /** WSL asks for a word of its own where it holds it to be unsafe. */
      isUnsafe: z.boolean(),
    }),
  ),
  outcome: z.lazy(() => z.object({ isSparse: z.boolean() })),
  words: ({ image, distribution, isSparse }) => ({
    title: isSparse ? 'Make its file sparse' : 'Make its file a plain one',
    does: `Has WSL make ${baseName(image)} of ${distribution} ${isSparse ? 'a sparse file, which gives back what the distribution discards' : 'a file without holes'}.`,
  }),
  told: ({ isSparse }) => (isSparse ? 'sparse' : 'not sparse'),
  undo: () => [],
})
