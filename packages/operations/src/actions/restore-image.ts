import { Path } from '@varve/protocol/primitives'
import { z } from 'zod'
import { defineAction } from './action.ts'
import { baseName } from './path-words.ts'

/** Brings an image back from quarantine to where it was, never over another file. Done already, or never set aside, it succeeds. */
export const restoreImage = defineAction({
  name: 'restore-image',
  layer: 'L1',
  lane: 'short',
  attempts: 1,
  isFinal: false,
  input: z.lazy(() =>
    z.object({
      quarantine: z.string(),
      /** Absolute path that it had. */
      at: Path,
      /** Why it was there: an undo puts it there again. */
      why: z.enum(['deleted', 'replaced', 'undone', 'moved']).optional(),
    }),
  ),
  outcome: z.lazy(() => z.object({ moved: z.array(Path) })),
  words: ({ at }) => ({
    title: 'Restore it from quarantine',
    does: `Moves ${baseName(at)} with all its files back to where it was, never over another file.`,
  }),
  told: ({ moved }) => moved[0] ?? 'restored',
  // One that was cut off goes back whole; where nothing was restored, nothing is moved.
  undo: ({ quarantine, at: path, why = 'deleted' }, outcome) =>
    outcome?.moved.length === 0 ? [] : [{ action: 'set-aside', input: { path, quarantine, why } }],
})
