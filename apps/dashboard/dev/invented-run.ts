import type { PlanView } from '@varve/protocol/plans'
import type { RunLogEntry, RunStepView, RunView } from '@varve/protocol/runs'
import { inventedResult } from './invented-results.ts'

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
    askedBy: null,
    state: 'running',
    isCanceling: false,
    hosts: [...new Set(plan.steps.map(({ host }) => host))],
    startedAt,
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
    serve: 'nbd://127.0.0.1:46107/',
    chain: '2 images depend on it',
    diagnose: '3 findings',
    inspect: 'vmdk, 2 findings',
  }
  return words[id] ?? `${title}: done`
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
      const result = inventedResult(step.id)
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
