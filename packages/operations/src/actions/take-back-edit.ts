import { Path } from '@varve/protocol/primitives'
import { z } from 'zod'
import { defineAction } from './action.ts'
import { baseName } from './path-words.ts'

/** Names the undo file of an edit; said beforehand, so that a step that was killed finds its own. */
export const UndoId = z.string().regex(/^[\w-]{1,64}$/u)

/** Puts back every byte that an edit overwrote, from its undo file. Done already, or never begun, it succeeds. */
export const takeBackEdit = defineAction({
  name: 'take-back-edit',
  layer: 'L2',
  lane: 'short',
  attempts: 1,
  isFinal: false,
  input: z.lazy(() => z.object({ path: Path, undo: UndoId })),
  outcome: z.lazy(() => z.object({})),
  words: ({ path }) => ({
    title: 'Put the old bytes back',
    does: `Puts back every byte of ${baseName(path)} that was overwritten, unless it was written to since.`,
  }),
  told: () => 'as it was',
  undo: () => [],
})
