import { MachineId } from '@varve/protocol/machines'
import { z } from 'zod'
import { call, defineAction } from './action.ts'
import { StagingId } from './new-image.ts'
import { SnapshotName } from './snapshot-name.ts'

/** A machine of Hyper-V, and one of its disks: what a person asked about. */
const OfMachine = z.lazy(() =>
  z.object({
    machine: MachineId,
    /** Of the machine, for people. */
    called: z.string(),
    /** Of the checkpoint; one that others made can have any. */
    name: z.string().max(4096),
  }),
)

const quoted = (text: string) => JSON.stringify(text)

/** Removes a checkpoint and waits until its files are merged; gone already, it succeeds. */
export const deleteCheckpoint = defineAction({
  name: 'delete-checkpoint',
  layer: 'L2',
  lane: 'short',
  attempts: 1,
  isFinal: true,
  input: z.lazy(() =>
    OfMachine.unwrap().extend({
      /** Null: the one that `attempt` began to make, if any came of it. */
      checkpoint: MachineId.nullable(),
      attempt: StagingId.nullable().default(null),
    }),
  ),
  outcome: z.lazy(() => z.object({ wasThere: z.boolean() })),
  words: ({ called, name }) => ({
    title: `Remove checkpoint ${name}`,
    does: `Has Hyper-V remove the checkpoint ${quoted(name)} of ${called} and merge its files; the present state stays as it is.`,
  }),
  told: ({ wasThere }) => (wasThere ? 'removed' : 'it was gone already'),
  undo: () => [],
})

const KindOfCheckpoints = z.lazy(() =>
  OfMachine.unwrap().omit({ name: true }).extend({
    kind: z.string(),
    /** What it was set to when the plan was made. */
    before: z.string(),
  }),
)

/** Sets the kind of checkpoints that a machine gets. */
export const setCheckpointKind = defineAction({
  name: 'set-checkpoint-kind',
  layer: 'L2',
  lane: 'short',
  attempts: 1,
  isFinal: false,
  input: KindOfCheckpoints,
  outcome: z.lazy(() => z.object({})),
  words: ({ called, kind }) => ({
    title: `Set checkpoints to ${kind}`,
    does: `Has Hyper-V make checkpoints of ${called} of the kind ${kind} from here on.`,
  }),
  told: () => 'set',
  undo: ({ kind, before, ...input }): ReturnType<typeof otherKind> =>
    otherKind({ ...input, kind: before, before: kind }),
})

function otherKind(input: z.infer<typeof KindOfCheckpoints>) {
  return [call({ name: 'set-checkpoint-kind', input: KindOfCheckpoints }, input)]
}

/** Keeps the present state of a machine with all its disks. */
export const createCheckpoint = defineAction({
  name: 'create-checkpoint',
  layer: 'L2',
  lane: 'short',
  attempts: 1,
  isFinal: false,
  input: z.lazy(() =>
    OfMachine.unwrap().extend({ name: SnapshotName, /** Names the attempt. */ attempt: StagingId }),
  ),
  outcome: z.lazy(() => z.object({ checkpoint: MachineId })),
  words: ({ called, name }) => ({
    title: `Keep the state as ${name}`,
    does: `Has Hyper-V make the checkpoint ${quoted(name)} of ${called}: its disks stay as they are, and what it writes goes into new files.`,
  }),
  told: ({ checkpoint }) => `checkpoint ${checkpoint}`,
  undo: (input, outcome) => [call(deleteCheckpoint, { ...input, checkpoint: outcome?.checkpoint ?? null })],
})

const Applied = z.lazy(() =>
  OfMachine.unwrap().extend({
    checkpoint: MachineId,
    /** The checkpoint that holds the state from before, which undo brings back; null: none does. */
    kept: MachineId.nullable().default(null),
  }),
)

/** Takes a machine that is off back to a checkpoint. */
export const applyCheckpoint = defineAction({
  name: 'apply-checkpoint',
  layer: 'L2',
  lane: 'short',
  attempts: 1,
  isFinal: false,
  input: Applied,
  outcome: z.lazy(() => z.object({})),
  words: ({ called, name }) => ({
    title: `Go back to ${name}`,
    does: `Has Hyper-V make the state of checkpoint ${quoted(name)} the present one of ${called}, of all its disks; the checkpoint stays.`,
  }),
  told: () => 'the present state is that of the checkpoint',
  undo: ({ kept, ...input }): ReturnType<typeof back> => (kept === null ? [] : back(input, kept)),
})

function back(input: Omit<z.infer<typeof Applied>, 'kept'>, kept: string) {
  return [call({ name: 'apply-checkpoint', input: Applied }, { ...input, checkpoint: kept, kept: null })]
}
