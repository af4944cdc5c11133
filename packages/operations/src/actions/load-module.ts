import { z } from 'zod'
import { defineAction } from './action.ts'

/** Loads a part of the kernel that makes block devices; it stays, as it harms nobody. */
export const loadModule = defineAction({
  name: 'load-module',
  layer: 'L3',
  lane: 'short',
  attempts: 1,
  isFinal: false,
  isHidden: true,
  input: z.lazy(() => z.object({ module: z.enum(['loop', 'nbd']) })),
  outcome: z.lazy(() => z.object({ module: z.string() })),
  words: ({ module }) => ({
    title: `Load ${module}`,
    does: `Loads the kernel's module ${module}, which makes block devices, with room for partitions; it stays loaded.`,
  }),
  told: ({ module }) => module,
  undo: () => [],
})
