import { Path } from '@varve/protocol/primitives'
import { z } from 'zod'
import { defineAction } from './action.ts'
import { baseName } from './path-words.ts'

/** Gives an original its name again; what had taken its place goes into quarantine. Not replaced at all, or put back already, it succeeds. */
export const putBack = defineAction({
  name: 'put-back',
  layer: 'L1',
  lane: 'short',
  attempts: 1,
  isFinal: false,
  input: z.lazy(() => z.object({ path: Path, quarantine: z.string() })),
  outcome: z.lazy(() => z.object({})),
  words: ({ path }) => ({
    title: 'Put the original back',
    does: `Gives the original ${baseName(path)} its name again, and keeps what had taken its place in quarantine.`,
  }),
  told: () => 'the original has its name again',
  undo: () => [],
})
