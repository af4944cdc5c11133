import { z } from 'zod'
import { defineAction } from './action.ts'
import { Staged } from './new-image.ts'
import { baseName } from './path-words.ts'

/** Removes a new image that was not published; what has a name stays. Done already, it succeeds. */
export const discardStaged = defineAction({
  name: 'discard-staged',
  layer: 'L1',
  lane: 'short',
  attempts: 3,
  isFinal: false,
  isHidden: true,
  input: Staged,
  outcome: z.lazy(() => z.object({})),
  words: ({ target }) => ({
    title: 'Remove what was written',
    does: `Removes the hidden file that was to become ${baseName(target)}.`,
  }),
  told: () => 'removed',
  undo: () => [],
})
