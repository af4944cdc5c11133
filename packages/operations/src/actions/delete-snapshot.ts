import { z } from 'zod'
import { defineAction } from './action.ts'
import { baseName } from './path-words.ts'
import { SnapshotOf } from './snapshot-name.ts'

/** Removes an internal snapshot of a qcow2 for good; what only it held is given back. Gone already, it succeeds. */
export const deleteSnapshot = defineAction({
  name: 'delete-snapshot',
  layer: 'L2',
  lane: 'short',
  attempts: 1,
  isFinal: true,
  input: SnapshotOf,
  outcome: z.lazy(() => z.object({})),
  words: ({ path, name }) => ({
    title: `Remove snapshot ${name}`,
    does: `Removes the snapshot ${JSON.stringify(name)} from ${baseName(path)}; the present state stays as it is.`,
  }),
  told: () => 'removed',
  undo: () => [],
})
