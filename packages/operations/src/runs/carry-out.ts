import { DiskError, isDiskError, isRetryable } from '@varve/core/problems/disk-error'
import { checkedCall, findAction } from '../actions/known-actions.ts'
import type { Action, ActionCall } from '../actions/action.ts'
import { makeFresh } from '../plans/fresh.ts'
import { subjectOf, type Step } from '../plans/plan.ts'
import { memberOf, resolveInput, type Fresh } from '../plans/wired.ts'
import { decide, type StartStep } from './decide.ts'
import type { JournalEntry, NewEntry } from './journal.ts'
import { outcomeOf, runState, undoCalls, type Attempt, type RunState, type StepState } from './run-state.ts'
import { stepError } from './step-error.ts'

/** Where a run is kept; an entry that was appended is there after any death. */
export interface Journal {
  readonly name: string
  entries(): readonly JournalEntry[]
  append(entry: NewEntry): Promise<void>
}

export interface Performance {
  readonly run: string
  readonly step: string
  readonly host: string
  readonly attempt: number
  /** Whether it may have begun before, in a process that died. */
  readonly isResumed: boolean
  readonly isUndo: boolean
  /** Aborted when the run is given up; that the process ends is the performer's own affair. */
  readonly signal: AbortSignal
  /** The same for the same work, in any process, and for no other. */
  readonly key: string
}

export interface CarryOutOptions {
  readonly journal: Journal
  /** Does what the call says, on its host, and gives the outcome; a repeated call does no harm. */
  readonly perform: (call: { action: Action; input: unknown }, at: Performance) => Promise<unknown>
  /** Left out: at random. */
  readonly fresh?: (kind: Fresh['$fresh']) => string
  /** Waits before another attempt of what failed while it was carried out here. */
  readonly pause: (attempt: number, signal: AbortSignal) => Promise<void>
  readonly onChange?: (state: RunState) => void
  /** The process ends: the run is left as it is, to go on later. */
  readonly stop: AbortSignal
}

/** A run that goes on in this process. */
export interface CarryingOut {
  /** The state at its end, or when the process stopped. */
  readonly ended: Promise<RunState>
  /** Gives it up; throws `refused` when there is no way back any more. */
  cancel(): Promise<void>
}

/**
 * Carries a run out until it is over: steps as soon as what they need is done, undo when one fails. It goes on wherever the
 * journal says that it was.
 */
export function carryOut(options: CarryOutOptions): CarryingOut {
  const { journal, stop, fresh = makeFresh } = options
  const busy = new Map<string, Promise<void>>()
  /** The steps that failed in this process: what it waits for before another attempt may pass. */
  const failedHere = new Set<string>()
  let giveUp = new AbortController()
  let folded: { readonly length: number; readonly state: RunState } | null = null
  /** What the journal says; folded once for each entry. */
  const state = (): RunState => {
    const entries = journal.entries()
    if (folded?.length !== entries.length)
      folded = { length: entries.length, state: runState(entries, journal.name) }
    return folded.state
  }

  async function note(entry: NewEntry): Promise<void> {
    // Somebody else may carry it out by now.
    stop.throwIfAborted()
    await journal.append(entry)
    options.onChange?.(state())
  }

  async function loop(): Promise<RunState> {
    for (;;) {
      stop.throwIfAborted()
      const now = state()
      const isGivenUp = now.error !== null || now.isCancelAsked
      if (isGivenUp && busy.size > 0) giveUp.abort(canceled(now))
      const decision = decide(now, new Set(busy.keys()))
      switch (decision.do) {
        case 'run':
          for (const start of decision.steps) begin(now, start)
          break
        case 'undo':
          giveUp = new AbortController()
          await undo(now, decision.step, decision.attempt)
          continue
        case 'end':
          await note({ event: 'ended', state: decision.state, error: now.error })
          return state()
        case 'nothing':
          if (busy.size === 0) return now
      }
      await Promise.race([...busy.values(), wishes.next()])
    }
  }

  function begin(now: RunState, start: StartStep): void {
    const { id } = start.step.step
    const work = attemptStep(now, start).finally(() => busy.delete(id))
    busy.set(id, work)
    // It is awaited in the loop; until then a failure is not unhandled.
    work.catch(() => {})
  }

  async function attemptStep(now: RunState, { step, attempt, resumed }: StartStep): Promise<void> {
    const { id } = step.step
    const { signal } = giveUp
    const file = subjectOf(now.created.plan)
    const action = findAction(step.step.action)
    try {
      const call = resumed?.call ?? resolved(now, step)
      if (!resumed) {
        if (failedHere.has(id)) await options.pause(attempt, AbortSignal.any([signal, stop]))
        signal.throwIfAborted()
        await note({ event: 'started', step: id, attempt, call })
      }
      await clearFailed(step, signal)
      const outcome = await perform(call, { step: step.step, attempt, isResumed: resumed !== null, signal })
      const first = step.attempts.find(({ phase }) => phase === 'done')
      const change = first && action.differs?.(first.outcome, outcome)
      if (change) throw change
      await note({ event: 'done', step: id, attempt, outcome, told: action.told(outcome) })
    } catch (error) {
      // The process ends: what goes on elsewhere goes on.
      if (stop.aborted) return
      const again =
        isDiskError(error) && isRetryable(error.code) && attempt < action.attempts && !signal.aborted
      // That it was stopped because the run is given up is no failure of its own.
      const isGivenUp = giveUp.signal.aborted
      failedHere.add(id)
      const record = stepError(isGivenUp ? giveUp.signal.reason : error, action, file)
      await note({ event: 'failed', step: id, attempt, error: record, again: again || isGivenUp })
    }
  }

  function resolved(now: RunState, { step }: StepState): ActionCall {
    const input = resolveInput(step.input, {
      fresh,
      memberOf(id, field) {
        const used = now.steps.find((one) => one.step.id === id)
        return memberOf(used ? outcomeOf(used) : null, id, field)
      },
    })
    return { action: step.action, input: checkedCall({ action: step.action, input }).input }
  }

  /** Undoes what attempts that failed have left. What cannot be removed is no reason to stop. */
  async function clearFailed(step: StepState, signal: AbortSignal): Promise<void> {
    for (const attempt of step.attempts) {
      if (attempt.phase !== 'failed' || attempt.undo !== 'none') continue
      try {
        await undoCallsOf(step, attempt, signal)
        await note({ event: 'undone', step: step.step.id, attempt: attempt.attempt })
      } catch (error) {
        if (!isDiskError(error) || signal.aborted || isRetryable(error.code)) throw error
      }
    }
  }

  async function undo(now: RunState, step: StepState, attempt: Attempt): Promise<void> {
    const { id, host, action } = step.step
    const at = { step: id, attempt: attempt.attempt }
    try {
      await undoCallsOf(step, attempt, untilDone)
      await note({ event: 'undone', ...at })
    } catch (error) {
      if (stop.aborted) throw error
      const record = stepError(error, findAction(action), subjectOf(now.created.plan))
      await note({ event: 'undo-failed', ...at, host, calls: [...undoCalls(attempt)], error: record })
    }
  }

  async function undoCallsOf({ step }: StepState, attempt: Attempt, signal: AbortSignal): Promise<void> {
    for (const [index, call] of undoCalls(attempt).entries()) {
      const at = { step, attempt: attempt.attempt, isResumed: true, isUndo: true, index, signal }
      await perform(call, at)
    }
  }

  interface At extends Pick<Performance, 'attempt' | 'isResumed' | 'signal'> {
    readonly step: Step
    readonly isUndo?: boolean
    readonly index?: number
  }

  async function perform(call: ActionCall, at: At): Promise<unknown> {
    const checked = checkedCall(call)
    const { step, attempt, isResumed, isUndo = false, index = 0, signal } = at
    const { id: run, wishes: asked } = state()
    const key = [run, step.id, attempt, isUndo ? 'undo' : 'do', index, asked].join('/')
    const about = { run, step: step.id, host: step.host, attempt, isResumed, isUndo, key, signal }
    return checked.action.outcome.parse(await options.perform(checked, about))
  }

  const wishes = createBell(stop)
  const ended = loop().catch((error: unknown) => {
    if (stop.aborted) return state()
    throw error
  })
  return {
    ended,
    async cancel() {
      await note({ event: 'asked', for: 'cancel' })
      wishes.ring()
    },
  }
}

function canceled(state: RunState): DiskError {
  return new DiskError('canceled', { file: subjectOf(state.created.plan), what: 'the run' })
}

/** Undo is not given up. */
const untilDone = new AbortController().signal

/** Wakes the loop when something else than a step happens. */
function createBell(stop: AbortSignal): { next(): Promise<void>; ring(): void } {
  let waiting = Promise.withResolvers<void>()
  const ring = () => {
    waiting.resolve()
    waiting = Promise.withResolvers<void>()
  }
  stop.addEventListener('abort', ring, { once: true })
  return { next: async () => waiting.promise, ring }
}
