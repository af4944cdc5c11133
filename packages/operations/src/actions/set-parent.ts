import { Path } from '@varve/protocol/primitives'
import { z } from 'zod'
import { defineAction } from './action.ts'
import { baseName } from './path-words.ts'

/** Has Hyper-V name another parent in a VHD or VHDX, of which the original is kept elsewhere. */
export const setParent = defineAction({
  name: 'set-parent',
  layer: 'L2',
  lane: 'short',
  attempts: 1,
  isFinal: false,
  input: z.lazy(() =>
    z.object({
      /** Absolute, both. */
      path: Path,
      format: z.enum(['vhd', 'vhdx']),
      parent: Path,
    }),
  ),
  outcome: z.lazy(() => z.object({ parent: Path })),
  words: ({ path, parent }) => ({
    title: `Have Hyper-V name ${baseName(parent)} as the parent`,
    does: `Has Hyper-V write into the copy that is ${baseName(path)} now that its parent is ${baseName(parent)}, which has to have the identity of the old one.`,
  }),
  told: ({ parent }) => `its parent is ${baseName(parent)}`,
  // The original is given back as a whole.
  undo: () => [],
})
