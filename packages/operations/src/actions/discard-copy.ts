import { Path } from '@varve/protocol/primitives'
import { z } from 'zod'
import { defineAction } from './action.ts'
import { StagingId } from './new-image.ts'
import { baseName } from './path-words.ts'

/** Removes the hidden copy of an image's files that was not published. Done already, it succeeds. */
export const discardCopy = defineAction({
  name: 'discard-copy',
  layer: 'L1',
  lane: 'short',
  attempts: 3,
  isFinal: false,
  input: z.lazy(() => z.object({ target: Path, staging: StagingId })),
  outcome: z.lazy(() => z.object({})),
  words: ({ target }) => ({
    title: 'Remove the copy',
    does: `Removes the hidden copy that was to become ${baseName(target)}.`,
  }),
  told: () => 'removed',
  undo: () => [],
})
