import { quote } from '@varve/core/problems/disk-error'
import type { SnapshotCreateRequest } from '../snapshot-create/request.ts'
import type { Problem } from '@varve/core/problems/problem'
import type { HyperVMachine } from '@varve/protocol/machines'
import {
  applyCheckpoint,
  createCheckpoint,
  deleteCheckpoint,
  setCheckpointKind,
} from '../actions/checkpoints.ts'
import { baseName } from '../actions/path-words.ts'
import { quick, step, type DraftStep, type Plan, type Refusal } from '../plans/plan.ts'
import { freshId, from } from '../plans/wired.ts'
import type { SnapshotFacts } from './facts.ts'
import { planOf } from './plan-of.ts'
import { newNameProblems } from './problems.ts'

/** Facts of an image that is a disk of a machine of Hyper-V, whose snapshots are checkpoints of that machine. */
export type CheckpointFacts = SnapshotFacts & { readonly machine: HyperVMachine }

export function hasMachine(facts: SnapshotFacts): facts is CheckpointFacts {
  return facts.machine !== undefined
}

export function planCheckpoint(
  { name, kind, checkpoint }: SnapshotCreateRequest,
  facts: CheckpointFacts,
): Plan | Refusal {
  const { host, machine, problems } = facts
  const { checkpoints, state } = machine
  const disabled = refusing(facts, checkpoints.kind === 'Disabled', 'checkpoints-disabled', {
    why: 'no checkpoints are allowed of it',
    remedy: `Allow them: Set-VM -VM (Get-VM -Id ${machine.id}) -CheckpointType Production`,
  })
  const external = refusing(facts, kind === 'external', 'disk-of-machine', {
    why: 'Hyper-V would go on writing to it below an overlay that it does not know',
    remedy: 'Leave --external out: Hyper-V makes a checkpoint.',
  })
  const unknown = refusing(facts, checkpoint !== undefined && checkpoints.kind === null, 'checkpoint-kind', {
    why: 'this Windows makes checkpoints of one kind only',
    remedy: 'Leave --checkpoint out.',
  })
  const saved = refusing(facts, !['Off', 'Running', 'Saved', 'Paused'].includes(state), 'machine-changes', {
    why: `it is ${state}`,
    remedy: 'Wait until it runs or is off.',
  })
  return planOfMachine(facts, {
    operation: 'snapshot-create',
    summary: `Keep the present state of the machine ${quote(machine.name)} as ${quote(name)}`,
    steps: ofKind(
      facts,
      checkpoint,
      step(createCheckpoint, { id: 'create', host, input: { ...named(facts), name, attempt: freshId } }),
    ),
    found: [
      ...unknown,
      ...newNameProblems(facts, name),
      ...external,
      ...disabled,
      ...saved,
      ...merging(facts),
      ...elsewhere(facts),
      ...problems,
      ...others(facts, 'kept'),
    ],
  })
}

/** What a machine is set to for each kind: `Production` would become a standard one where the guest cannot be asked. */
const settings = { production: 'ProductionOnly', standard: 'Standard' } as const

/** Sets the machine to that kind, and back to what it is set to now. */
function ofKind(
  facts: CheckpointFacts,
  wanted: SnapshotCreateRequest['checkpoint'],
  create: DraftStep,
): DraftStep[] {
  const { host, machine } = facts
  const before = machine.checkpoints.kind
  if (wanted === undefined || before === null || before === settings[wanted]) return [create]
  const set = (id: string, kind: string, from: string) =>
    step(setCheckpointKind, {
      id,
      host,
      input: { machine: machine.id, called: machine.name, kind, before: from },
      estimate: quick,
    })
  return [set('kind', settings[wanted], before), create, set('kind-back', before, settings[wanted])]
}

export function planApplyCheckpoint(wanted: string, facts: CheckpointFacts): Plan | Refusal {
  const { host, path, machine, problems, keepName } = facts
  const { found: snapshot, problems: unknown } = meantCheckpoint(facts, wanted)
  const runs = refusing(facts, !['Off', 'Saved'].includes(machine.state), 'machine-runs', {
    why: `it is ${machine.state}: what it does now would be lost in the midst of it`,
    remedy: 'Shut the machine down first.',
  })
  const { id: checkpoint, name } = snapshot ?? { id: '', name: wanted }
  const kept: Problem = {
    id: 'state-is-kept',
    severity: 'info',
    layer: 'L2',
    file: path,
    message: `The present state of ${quote(machine.name)} is kept as the checkpoint ${quote(keepName)}.`,
    remedy: `When you do not need it any more: varve snapshot delete IMAGE ${keepName}.`,
  }
  return planOfMachine(facts, {
    operation: 'snapshot-apply',
    summary: `Take the machine ${quote(machine.name)} back to checkpoint ${quote(name)}`,
    steps: [
      step(createCheckpoint, {
        id: 'keep',
        host,
        input: { ...named(facts), name: keepName, attempt: freshId },
      }),
      step(applyCheckpoint, {
        id: 'apply',
        host,
        input: { ...named(facts), name, checkpoint, kept: from('keep', 'checkpoint') },
        needs: ['the machine is off'],
      }),
    ],
    found: [
      ...unknown,
      ...runs,
      ...merging(facts),
      ...elsewhere(facts),
      ...problems,
      ...others(facts, 'taken back'),
      kept,
    ],
  })
}

export function planDeleteCheckpoint(wanted: string, facts: CheckpointFacts): Plan | Refusal {
  const { host, path, machine, problems } = facts
  const { found: snapshot, problems: unknown } = meantCheckpoint(facts, wanted)
  const { id, name } = snapshot ?? { id: null, name: wanted }
  const checkpoint = machine.checkpoints.all.find((one) => one.id === id)
  const lost: Problem = {
    id: 'snapshot-lost',
    severity: 'warn',
    layer: 'L2',
    file: path,
    message: `What only the checkpoint ${quote(name)} of ${quote(machine.name)} holds is gone afterwards: there is no way back.`,
    remedy: 'Export it first when you may need it: Export-VMSnapshot.',
    asks: true,
  }
  const ofBackup: Problem = {
    id: 'checkpoint-of-backup',
    severity: 'warn',
    layer: 'L2',
    file: path,
    message: `L2 ${quote(path)}: the checkpoint ${quote(name)} was made by a program that makes backups (${checkpoint?.type ?? ''})`,
    remedy: 'See that no backup of the machine runs, or needs it.',
    asks: true,
  }
  const isOfBackup = checkpoint !== undefined && checkpoint.type !== 'Standard'
  return planOfMachine(facts, {
    operation: 'snapshot-delete',
    summary: `Remove checkpoint ${quote(name)} of the machine ${quote(machine.name)} for good`,
    steps: [
      step(deleteCheckpoint, {
        id: 'delete',
        host,
        input: { ...named(facts), name, checkpoint: id, attempt: null },
      }),
    ],
    found: [
      ...unknown,
      ...merging(facts),
      ...elsewhere(facts),
      ...problems,
      ...(isOfBackup ? [ofBackup] : []),
      lost,
    ],
  })
}

/** The checkpoint of that id, else the only one of that name; Hyper-V is told the id. */
function meantCheckpoint(facts: CheckpointFacts, wanted: string) {
  const { all } = facts.machine.checkpoints
  const numbered = all.filter(({ id }) => id === wanted.toLowerCase())
  const [found = null, ...others] = numbered.length > 0 ? numbered : all.filter(({ name }) => name === wanted)
  if (found !== null && others.length === 0) return { found, problems: [] }
  const shown = (found === null ? all : [found, ...others])
    .slice(0, mostShown)
    .map(({ id, name, madeAt }) => `${quote(name)} of ${madeAt} (id ${id})`)
    .join(', ')
  const problems =
    found === null
      ? refusing(facts, true, 'snapshot-missing', {
          why: `that has no checkpoint with the name or id ${quote(wanted)}`,
          remedy: all.length === 0 ? 'It has none at all.' : `It has ${shown}.`,
        })
      : refusing(facts, true, 'snapshot-ambiguous', {
          why: `that has ${others.length + 1} checkpoints ${quote(wanted)}`,
          remedy: `Say the id of the one that is meant: ${shown}.`,
        })
  return { found: null, problems }
}

const mostShown = 8

const named = ({ machine }: CheckpointFacts) => ({ machine: machine.id, called: machine.name })

interface Draft {
  readonly operation: string
  readonly summary: string
  readonly steps: readonly DraftStep[]
  readonly found: readonly Problem[]
}

/** Its subjects are all disks of the machine: who may not act on one of them may not on the machine. */
function planOfMachine({ host, machine }: CheckpointFacts, draft: Draft): Plan | Refusal {
  return planOf(host, { ...draft, subjects: machine.drives.map(({ path }) => path) })
}

function refusing(
  { path, machine }: CheckpointFacts,
  isSo: boolean,
  id: string,
  { why, remedy }: { readonly why: string; readonly remedy: string },
): Problem[] {
  if (!isSo) return []
  const message = `L2 ${quote(path)}: it is a disk of the machine ${quote(machine.name)}, and ${why}`
  return [{ id, severity: 'block', layer: 'L2', file: path, message, remedy }]
}

function merging(facts: CheckpointFacts): Problem[] {
  return refusing(facts, facts.machine.checkpoints.isMerging, 'machine-merges', {
    why: 'Hyper-V merges files of a checkpoint that was removed',
    remedy: 'Wait until it has: (Get-VM).OperationalStatus says so.',
  })
}

function elsewhere(facts: CheckpointFacts): Problem[] {
  const { node = null } = facts.machine
  return refusing(facts, node !== null, 'machine-of-other-node', {
    why: `the node ${quote(node ?? '')} of the cluster has it`,
    remedy: `Do it there, or move the machine here first: Move-ClusterVirtualMachineRole.`,
  })
}

/** A checkpoint is of the machine: its other disks go with it. */
function others({ path, machine }: CheckpointFacts, done: string): Problem[] {
  const { drives } = machine
  if (drives.length < 2) return []
  return [
    {
      id: 'all-disks-of-machine',
      severity: 'warn',
      layer: 'L2',
      file: path,
      message: `A checkpoint is one of the whole machine: all ${drives.length} disks of ${quote(machine.name)} are ${done} (${drives.map((drive) => quote(baseName(drive.path))).join(', ')}).`,
      remedy: 'Copy the one disk while the machine is off where only that is wanted: varve clone.',
    },
  ]
}
