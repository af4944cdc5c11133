import type { PlanView } from '@varve/protocol/migrations'
import type { RunLogEntry, RunStepView, RunView } from '@varve/protocol/runs'

type Steps = Extract<PlanView, { kind: 'plan' }>

export interface NewRun {
  readonly id: string
  readonly number: number
  readonly plan: Steps
  readonly accepted: readonly string[]
  readonly startedAt: string
}

/** A run that nothing has been done of yet. */
export function newRun({ id, number, plan, accepted, startedAt }: NewRun): RunView {
  return settled({
    id,
    number,
    operation: plan.operation,
    summary: plan.summary,
    state: 'running',
    isCanceling: false,
    hosts: [...new Set(plan.steps.map(({ host }) => host))],
    startedAt,
    askedBy: null,
    finishedAt: null,
    steps: plan.steps.map((step) => ({
      ...step,
      state: 'waiting',
      startedAt: null,
      finishedAt: null,
      attempt: 0,
      outcome: null,
      result: null,
      error: null,
    })),
    warnings: plan.warnings,
    accepted: [...accepted],
    estimate: plan.estimate,
    progress: null,
    waitsFor: null,
    error: null,
    undoFailures: [],
    can: { cancel: true, resume: false, undo: false },
  })
}

/** The run with what can be asked of it as its state has it. */
export function settled(run: RunView): RunView {
  const isOver = run.finishedAt !== null
  const isFinal = run.steps.some(({ pointOfNoReturn, state }) => pointOfNoReturn && state !== 'waiting')
  return {
    ...run,
    can: {
      cancel: !isOver && !isFinal && !run.isCanceling && run.state !== 'undoing',
      resume: run.state === 'failed' || run.state === 'canceled',
      undo:
        isOver &&
        !isFinal &&
        run.steps.some(({ undo }) => undo !== null) &&
        (run.state === 'succeeded' || run.undoFailures.length > 0),
    },
  }
}

/** How long a step takes here, in ms: as estimated, but nobody waits for more than half a minute. */
const lengthOf = ({ estimate }: RunStepView) => Math.min(30, estimate.seconds ?? 1) * 1000
const undoMs = 700

function outcomeOf({ id, title }: RunStepView): string {
  const words: Readonly<Record<string, string>> = {
    write: '18.1 GiB of data; the file has 18.3 GiB',
    prove: 'equal: 7f3a91c40be2d984…',
    publish: '/srv/images/web01-clone.vmdk',
    replace: 'the original is kept as 1f0c2a until 2026-12-28',
    'set-aside': 'kept as 1f0c2a until 2026-12-28',
    check: 'no errors, 2 leaked clusters',
  }
  return words[id] ?? `${title}: done`
}

const GiB = 2 ** 30
const digest = '7f3a91c40be2d9847f3a91c40be2d9847f3a91c40be2d9847f3a91c40be25d18'

const results: Readonly<Record<string, RunStepView['result']>> = {
  digest: { digest, sha256: null, virtualSize: 32 * GiB, dataBytes: 18 * GiB, seconds: 41.2 },
  verify: {
    state: 'differs',
    digest,
    virtualSize: 32 * GiB,
    expected: digest.replace('7f3a', '01c9'),
    provenAt: '2026-11-02T08:30:00.000Z',
    differing: 3,
    chunks: [1200, 1201, 5000],
    ranges: [
      { start: 1200 * 4 * 2 ** 20, end: 1202 * 4 * 2 ** 20 },
      { start: 5000 * 4 * 2 ** 20, end: 5001 * 4 * 2 ** 20 },
    ],
    layers: [{ layer: 'L6', what: 'ext4 on partition 2', bytes: 12 * 2 ** 20, ranges: [] }],
    filesChanged: ['/srv/images/office/web01.vmdk'],
    seconds: 52.8,
  },
  measure: { virtualSize: 32 * GiB, dataBytes: 18 * GiB, required: Math.round(18.2 * GiB) },
  compare: { identical: true, virtualSizes: [32 * GiB, 32 * GiB], firstDifference: null, tail: null },
  map: {
    extents: [
      { start: 0, length: 12 * GiB, content: 'data' },
      { start: 12 * GiB, length: 2 * GiB, content: 'zero' },
      { start: 14 * GiB, length: 18 * GiB, content: 'absent' },
    ],
    cutAt: null,
  },
  'set-aside': { quarantine: '1f0c2a', until: '2026-12-28T00:00:00.000Z' },
  publish: { path: '/srv/images/web01-clone.vmdk' },
  check: {
    report: {
      file: '/srv/images/office/web01.vmdk',
      format: 'vmdk',
      checked: ['header', 'grain directories', 'grain tables'],
      findings: [
        {
          id: 'vmdk-leaked-grains',
          kind: 'leak',
          severity: 'warn',
          layer: 'L2',
          file: '/srv/images/office/web01.vmdk',
          message: '2 grains belong to no table.',
          remedy: 'Convert the image: the copy holds what the disk needs.',
        },
      ],
      totals: { allocatedBytes: null, leakedBytes: 2 * 65_536, corruptions: 0, leaks: 2, remarks: 0 },
      isComplete: true,
    },
  },
}

/** The run at a time: what has its time behind it is done, what is to be undone is undone. */
export function runAt(run: RunView, now: number): RunView {
  if (run.finishedAt !== null || run.waitsFor !== null) return run
  if (run.state === 'undoing') return undoing(run, now)
  let from = Math.max(
    Date.parse(run.startedAt),
    ...run.steps.map(({ finishedAt }) => Date.parse(finishedAt ?? '') || 0),
  )
  let progress: RunView['progress'] = null
  const steps = run.steps.map((step): RunStepView => {
    if (step.state === 'done' || from > now) return step
    const began = step.startedAt === null ? from : Date.parse(step.startedAt)
    const ends = began + lengthOf(step)
    from = ends
    const startedAt = new Date(began).toISOString()
    const attempt = Math.max(1, step.attempt)
    if (ends <= now) {
      const finishedAt = new Date(ends).toISOString()
      const result = results[step.id] ?? null
      return { ...step, state: 'done', startedAt, finishedAt, attempt, outcome: outcomeOf(step), result }
    }
    const total = step.estimate.bytes
    if (total !== null) {
      const share = (now - began) / lengthOf(step)
      progress = {
        done: Math.round(total * share),
        total,
        unit: 'bytes',
        seconds: (now - began) / 1000,
        skipped: 0,
        rate: total / (lengthOf(step) / 1000),
        limitedBy: 'target',
        chunkMap: null,
      }
    }
    return { ...step, state: 'running', startedAt, attempt }
  })
  const isDone = steps.every(({ state }) => state === 'done')
  return settled({
    ...run,
    steps,
    progress,
    state: isDone ? 'succeeded' : 'running',
    finishedAt: isDone ? new Date(from).toISOString() : null,
  })
}

/** Undoes what was done, the last first, once its time is over. */
function undoing(run: RunView, now: number): RunView {
  const asked = Math.max(...run.steps.map(({ finishedAt }) => Date.parse(finishedAt ?? '') || 0))
  if (now < asked + undoMs) return run
  return settled({
    ...run,
    state: run.isCanceling ? 'canceled' : 'undone',
    isCanceling: false,
    finishedAt: new Date(now).toISOString(),
    undoFailures: [],
    steps: run.steps.map((step) =>
      step.undo !== null && step.state !== 'waiting' ? { ...step, state: 'undone' } : step,
    ),
  })
}

/** A journal that fits what the run says of itself. */
export function logOf(run: RunView): RunLogEntry[] {
  const begun = run.steps.filter(({ startedAt }) => startedAt !== null)
  const entries = begun.flatMap(
    ({ id: step, startedAt, finishedAt, outcome, error, attempt }): RunLogEntry[] => [
      { event: 'started', at: startedAt ?? run.startedAt, step, attempt },
      ...(finishedAt === null
        ? []
        : error
          ? [{ event: 'failed' as const, at: finishedAt, step, attempt, error, again: false }]
          : [{ event: 'done' as const, at: finishedAt, step, attempt, told: outcome ?? 'stopped' }]),
    ],
  )
  const last = run.finishedAt ?? entries.at(-1)?.at ?? run.startedAt
  const undone = run.steps
    .toReversed()
    .flatMap(({ id: step, state, attempt }): RunLogEntry[] =>
      state === 'undone' ? [{ event: 'undone', at: last, step, attempt }] : [],
    )
  const failures = run.undoFailures.map(({ step, error }): RunLogEntry => ({
    event: 'undo-failed',
    at: last,
    step,
    attempt: 1,
    error,
  }))
  return [
    { event: 'created', at: run.startedAt },
    ...entries,
    ...askedOf(run, last),
    ...undone,
    ...failures,
    ...endOf(run),
  ]
}

function askedOf({ state, isCanceling }: RunView, at: string): RunLogEntry[] {
  if (state === 'canceled' || isCanceling) return [{ event: 'asked', at, wish: 'cancel' }]
  return state === 'undone' ? [{ event: 'asked', at, wish: 'undo' }] : []
}

function endOf({ state, finishedAt, error }: RunView): RunLogEntry[] {
  if (finishedAt === null) return []
  if (state === 'waiting' || state === 'running' || state === 'undoing') return []
  return [{ event: 'ended', at: finishedAt, state, error }]
}
