import { z } from 'zod'
import { call, defineAction } from './action.ts'
import { deleteSnapshot } from './delete-snapshot.ts'
import { baseName } from './path-words.ts'
import { SnapshotOf } from './snapshot-name.ts'

/** Keeps the present state of a qcow2 as an internal snapshot; no snapshot of that name must be there before. */
export const createSnapshot = defineAction({
  name: 'create-snapshot',
  layer: 'L2',
  lane: 'short',
  attempts: 1,
  isFinal: false,
  input: SnapshotOf,
  outcome: z.lazy(() => z.object({ id: z.string() })),
  words: ({ path, name }) => ({
    title: `Keep the state as ${name}`,
    does: `Adds the present state of ${baseName(path)} to its snapshots as ${JSON.stringify(name)}; clusters are shared until they are written to.`,
  }),
  told: ({ id }) => `snapshot ${id}`,
  undo: (input) => [call(deleteSnapshot, input)],
})
