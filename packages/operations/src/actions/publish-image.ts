import { Path } from '@varve/protocol/primitives'
import { z } from 'zod'
import { call, defineAction } from './action.ts'
import { Staged } from './new-image.ts'
import { baseName } from './path-words.ts'
import { setAside } from './set-aside.ts'

/** Gives a staged image its name, never in the place of another file. Done already, it succeeds. */
export const publishImage = defineAction({
  name: 'publish-image',
  layer: 'L1',
  lane: 'short',
  attempts: 1,
  isFinal: false,
  input: Staged,
  outcome: z.object({ path: Path }),
  words: ({ target }) => ({
    title: 'Give it its name',
    does: `Renames the hidden file to ${baseName(target)}, never over another file.`,
  }),
  told: ({ path }) => path,
  // What did not come to its end gave no name, or is found to have given it when the step is asked again.
  undo: ({ staging: quarantine }, outcome) =>
    outcome === null ? [] : [call(setAside, { path: outcome.path, quarantine, why: 'undone' })],
})
