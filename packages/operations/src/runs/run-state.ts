import { DiskError } from '@varve/core/problems/disk-error'
import type { ErrorView } from '@varve/protocol/primitives'
import { checkedCall, findAction } from '../actions/known-actions.ts'
import type { ActionCall } from '../actions/action.ts'
import type { Step } from '../plans/plan.ts'
import type { Created, JournalEntry } from './journal.ts'

export type RunPhase = 'waiting' | 'running' | 'undoing' | 'succeeded' | 'failed' | 'canceled' | 'undone'
export type StepPhase = 'waiting' | 'running' | 'done' | 'failed' | 'undone'

export interface Attempt {
  /** Counts from 1. */
  readonly attempt: number
  /** Place of its beginning in the journal. */
  readonly place: number
  readonly call: ActionCall
  readonly phase: 'running' | 'done' | 'failed'
  readonly outcome: unknown
  readonly undo: 'none' | 'done' | 'failed'
  /** The run of the host's machine since its start in which it began; null: not known. */
  readonly boot: string | null
}

export interface StepState {
  readonly step: Step
  readonly phase: StepPhase
  /** Oldest first. */
  readonly attempts: readonly Attempt[]
  readonly told: string | null
  readonly error: ErrorView | null
  readonly startedAt: string | null
  readonly endedAt: string | null
}

export interface UndoFailure {
  readonly step: string
  readonly host: string
  readonly error: ErrorView
}

/** What a journal says of a run. */
export interface RunState {
  readonly id: string
  readonly created: Created
  readonly phase: RunPhase
  readonly steps: readonly StepState[]
  readonly isCancelAsked: boolean
  readonly isUndoAsked: boolean
  /** Why it failed. */
  readonly error: ErrorView | null
  readonly undoFailures: readonly UndoFailure[]
  readonly endedAt: string | null
  /** How often somebody wished something of it. */
  readonly wishes: number
}

type Mutable = { -readonly [K in keyof Omit<RunState, 'steps'>]: RunState[K] }
type OfStep = Extract<JournalEntry, { step: string }>

/** Folds a journal, oldest entry first; throws `corrupt` when it is none. `file` is its name for that message. */
export function runState(entries: readonly JournalEntry[], file: string): RunState {
  const corrupt = (reason: string) =>
    new DiskError('corrupt', { file, structure: 'the journal of a run', reason })
  const [created, ...rest] = entries
  if (created?.event !== 'created') throw corrupt('it has no beginning')
  const steps = new Map(created.plan.steps.map((step) => [step.id, notBegun(step)]))
  const run: Mutable = {
    id: created.run,
    created,
    phase: 'waiting',
    isCancelAsked: false,
    isUndoAsked: false,
    error: null,
    undoFailures: [],
    endedAt: null,
    wishes: 0,
  }
  rest.forEach((entry, index) => {
    if (entry.event === 'created') throw corrupt('it begins twice')
    if (!('step' in entry)) return takeWish(run, steps, entry)
    const state = steps.get(entry.step)
    if (!state) throw corrupt(`its plan has no step ${JSON.stringify(entry.step)}`)
    steps.set(entry.step, afterEntry(state, entry, index + 1))
    takeStepEntry(run, entry)
  })
  return { ...run, steps: [...steps.values()] }
}

function notBegun(step: Step): StepState {
  return { step, phase: 'waiting', attempts: [], told: null, error: null, startedAt: null, endedAt: null }
}

function takeWish(
  run: Mutable,
  steps: Map<string, StepState>,
  entry: Extract<JournalEntry, { event: 'asked' | 'ended' }>,
): void {
  if (entry.event === 'ended') {
    run.phase = entry.state
    run.error = entry.error ?? run.error
    run.endedAt = entry.at
    return
  }
  run.endedAt = null
  run.wishes += 1
  if (entry.for === 'cancel') {
    run.isCancelAsked = true
    return
  }
  run.undoFailures = []
  for (const [id, state] of steps) steps.set(id, askedAgain(state, entry.for))
  if (entry.for === 'resume') {
    repeatAfter(steps)
    Object.assign(run, { phase: 'running', isUndoAsked: false, isCancelAsked: false, error: null })
    return
  }
  // What failed or was canceled stays so; only what it left is removed.
  run.isUndoAsked ||= run.error === null && !run.isCancelAsked
  run.phase = 'undoing'
}

/** Undo that failed is tried again; what had failed or was undone is done again. */
function askedAgain(state: StepState, wish: 'undo' | 'resume'): StepState {
  const attempts = state.attempts.map((one) =>
    one.undo === 'failed' ? { ...one, undo: 'none' as const } : one,
  )
  const isAgain = wish === 'resume' && (state.phase === 'failed' || state.phase === 'undone')
  return { ...state, attempts, ...(isAgain && { phase: 'waiting' as const, error: null, endedAt: null }) }
}

/** What comes after a step that is done again is done again too: what was proven of its earlier outcome says nothing of the next. */
function repeatAfter(steps: Map<string, StepState>): void {
  // Steps stand behind those that they come after.
  for (const [id, state] of steps) {
    const isRepeated = state.step.after.some((before) => steps.get(before)?.phase === 'waiting')
    if (isRepeated && state.phase === 'done')
      steps.set(id, { ...state, phase: 'waiting', error: null, endedAt: null })
  }
}

function takeStepEntry(run: Mutable, entry: OfStep): void {
  if (entry.event === 'started') run.phase = 'running'
  if (entry.event === 'failed' && !entry.again) run.error ??= entry.error
  if (entry.event === 'undo-failed') {
    const { step, host, error } = entry
    run.undoFailures = [...run.undoFailures, { step, host, error }]
  }
  const isUndo = entry.event === 'undone' || entry.event === 'undo-failed'
  if (isUndo && (run.error !== null || run.isCancelAsked)) run.phase = 'undoing'
}

function afterEntry(state: StepState, entry: OfStep, place: number): StepState {
  const change = (patch: Partial<Attempt>) =>
    state.attempts.map((one) => (one.attempt === entry.attempt ? { ...one, ...patch } : one))
  switch (entry.event) {
    case 'started': {
      const others = state.attempts.filter(({ attempt }) => attempt !== entry.attempt)
      const { attempt, call, boot = null } = entry
      const begun = { attempt, place, call, phase: 'running', outcome: null, undo: 'none', boot } as const
      const startedAt = state.startedAt ?? entry.at
      return { ...state, phase: 'running', attempts: [...others, begun], startedAt, endedAt: null }
    }
    case 'done': {
      const { outcome, told, at: endedAt } = entry
      return {
        ...state,
        phase: 'done',
        attempts: change({ phase: 'done', outcome }),
        told,
        error: null,
        endedAt,
      }
    }
    case 'failed': {
      const phase = entry.again ? 'waiting' : 'failed'
      return { ...state, phase, attempts: change({ phase: 'failed' }), error: entry.error, endedAt: entry.at }
    }
    case 'undone': {
      const attempts = change({ undo: 'done' })
      const isUndone = state.phase === 'done' && attempts.every(({ undo }) => undo === 'done')
      return { ...state, attempts, ...(isUndone && { phase: 'undone' as const }) }
    }
    case 'undo-failed':
      return { ...state, attempts: change({ undo: 'failed' }) }
  }
}

/** The newest attempt; null: it has not begun. */
export function newestAttempt({ attempts }: StepState): Attempt | null {
  return attempts.at(-1) ?? null
}

/** What the newest attempt that came to its end gave. */
export function outcomeOf({ attempts }: StepState): unknown {
  return attempts.findLast(({ phase }) => phase === 'done')?.outcome ?? null
}

/** The calls that undo an attempt; none when there is nothing to undo. */
export function undoCalls({ call, outcome }: Pick<Attempt, 'call' | 'outcome'>): readonly ActionCall[] {
  const { action, input } = checkedCall(call)
  return action.undo(input, outcome)
}

/** Whether a step after which there is no way back has begun. */
export function isPastReturn({ steps }: RunState): boolean {
  return steps.some(({ step, attempts }) => attempts.length > 0 && findAction(step.action).isFinal)
}

export function isOver({ endedAt }: Pick<RunState, 'endedAt'>): boolean {
  return endedAt !== null
}
