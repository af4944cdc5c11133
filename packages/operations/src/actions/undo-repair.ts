import { Path } from '@varve/protocol/primitives'
import { z } from 'zod'
import { defineAction } from './action.ts'
import { baseName } from './path-words.ts'

/** Puts back what a repair overwrote, from its undo file; never begun, or put back already, it succeeds. */
export const undoRepair = defineAction({
  name: 'undo-repair',
  layer: 'L2',
  lane: 'short',
  attempts: 1,
  isFinal: false,
  input: z.lazy(() => z.object({ path: Path, backup: Path })),
  outcome: z.lazy(() => z.object({})),
  words: ({ path, backup }) => ({
    title: 'Put back what was overwritten',
    does: `Puts back what was overwritten in ${baseName(path)}, from ${baseName(backup)}, unless it was written to since.`,
  }),
  told: () => 'as it was before',
  undo: () => [],
})
