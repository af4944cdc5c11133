import { z } from 'zod'
import { call, defineAction } from './action.ts'
import { baseName } from './path-words.ts'
import { SnapshotName, SnapshotOf } from './snapshot-name.ts'

const Input = z.lazy(() =>
  SnapshotOf.extend({
    /** The snapshot that holds the state from before, which undo brings back; null: none does. */
    kept: SnapshotName.nullable().default(null),
  }),
)

/** Brings the state of an internal snapshot back as the present one. */
export const applySnapshot = defineAction({
  name: 'apply-snapshot',
  layer: 'L2',
  lane: 'short',
  attempts: 1,
  isFinal: false,
  input: Input,
  outcome: z.lazy(() => z.object({})),
  words: ({ path, name }) => ({
    title: `Go back to ${name}`,
    does: `Makes the state of snapshot ${JSON.stringify(name)} the present one of ${baseName(path)}; the snapshot stays.`,
  }),
  told: () => 'the present state is that of the snapshot',
  undo: ({ path, kept }): ReturnType<typeof back> => (kept === null ? [] : back(path, kept)),
})

function back(path: string, name: string) {
  return [call({ name: 'apply-snapshot', input: Input }, { path, name, kept: null })]
}
