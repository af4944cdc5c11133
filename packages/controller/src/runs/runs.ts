import { createHash, randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { DiskError, isDiskError } from '@varve/core/problems/disk-error'
import { needsAcceptance } from '@varve/core/problems/problem'
import { Plan, Refusal } from '@varve/operations/plans/plan'
import { toPlanView } from '@varve/operations/plans/plan-view'
import { carryOut, type CarryingOut, type Performance } from '@varve/operations/runs/carry-out'
import { isOver, isPastReturn, runState, type RunState } from '@varve/operations/runs/run-state'
import type { JobProgress } from '@varve/protocol/jobs'
import type { PlanAnswer, PlanRequest, RunView } from '@varve/protocol/runs'
import { Payload } from '@varve/protocol/primitives'
import { z } from 'zod'
import type { Jobs } from '../agents/jobs.ts'
import { timestamp } from '../clock.ts'
import type { Services } from '../router/context.ts'
import { write, type Db, type Queries } from '../store/database.ts'
import {
  addRun,
  busyRun,
  entriesOfRun,
  findRun,
  findRunByKey,
  forgetRun,
  idOfRunNumber,
  listRunIds,
  openRuns,
  openRunsAt,
  setWorkflow,
} from '../store/runs-store.ts'
import { untilItEnds, type Durable } from './durable.ts'
import { appendTo, storedJournal } from './run-journal.ts'
import { toLogEntry } from './run-log.ts'
import { toRunView, type LiveRun } from './run-view.ts'

const noProgressSeconds = 120
const planSeconds = 600

export interface RunsOptions {
  readonly db: Db
  readonly durable: Durable
  readonly jobs: Jobs
  readonly retryMs: number
  readonly onChange: (id: string) => void
  /** A line for people, in the transaction of what it tells. */
  readonly note: (tx: Queries, id: string, title: string) => void
  readonly onError: (error: unknown) => void
}

/** Plans of any operation, carried out over any hosts, whatever dies meanwhile. */
export interface Runs {
  readonly service: Services['runs']
  view(id: string): RunView | null
  /** A host is back: what waited for it goes on. */
  hostBack(host: string): void
  /** At start-up: every run that is not over goes on. */
  resume(): Promise<void>
  stop(): void
}

/** The run cannot go on now; it is tried again. */
class Later extends Error {
  override readonly name = 'Later'
}

interface Carried {
  readonly carrying: CarryingOut
  progress: { readonly step: string; readonly progress: JobProgress } | null
}

const Input = z.object({ run: z.string() })

export function createRuns(options: RunsOptions): Runs {
  const { db, durable, jobs, onChange } = options
  const stopping = new AbortController()
  const going = new Map<string, Carried>()
  const waiting = new Map<string, string>()
  const retryPolicy = untilItEnds(options.retryMs)

  const workflow = durable.workflows.defineWorkflow(
    { name: 'run', version: '1', schema: Input },
    async ({ input: { run }, step }) => {
      await step.run({ name: 'carry out', retryPolicy }, async () => {
        await carry(run)
        return {}
      })
    },
  )

  function stateOf(id: string): RunState {
    return runState(entriesOfRun(db, id), `run ${id}`)
  }

  function expectRun(id: string) {
    const row = findRun(db, id)
    if (row) return row
    throw new DiskError('not-in-fleet', { file: id, kind: 'run' })
  }

  function liveOf(id: string): LiveRun {
    const at = going.get(id)?.progress ?? null
    return { progress: at?.progress ?? null, waitsFor: waiting.get(id) ?? null }
  }

  function view(id: string): RunView | null {
    const row = findRun(db, id)
    return row && toRunView(row, stateOf(id), liveOf(id))
  }

  function expectView(id: string): RunView {
    const found = view(id)
    if (found) return found
    throw new DiskError('not-in-fleet', { file: id, kind: 'run' })
  }

  /** Carries the run out until it is over; throws when it has to wait for a host, or the process ends. */
  async function carry(id: string): Promise<void> {
    if (going.has(id)) throw new Later('it is carried out already')
    const away = new AbortController()
    const stop = AbortSignal.any([stopping.signal, away.signal])
    const journal = storedJournal(db, id, (tx, entry) => {
      if (entry.event === 'ended') options.note(tx, id, `${summaryOf(id)}: ${entry.state}`)
    })
    const carried: Carried = {
      progress: null,
      carrying: carryOut({
        journal,
        stop,
        fresh: (kind) => randomBytes(kind === 'id' ? 6 : 24).toString(kind === 'id' ? 'hex' : 'base64url'),
        pause: async (attempt, signal) => {
          await sleep(Math.min(10_000, options.retryMs * 2 ** attempt), undefined, { signal })
        },
        onChange: () => onChange(id),
        perform: async (call, at) => performOn(call, at, { id, away, carried: () => carried }),
      }),
    }
    going.set(id, carried)
    try {
      const state = await carried.carrying.ended
      if (!isOver(state)) throw new Later('it goes on later')
    } finally {
      going.delete(id)
      onChange(id)
    }
  }

  interface Where {
    readonly id: string
    readonly away: AbortController
    readonly carried: () => Carried
  }

  async function performOn(
    {
      action,
      input,
    }: { readonly action: { readonly name: string; readonly layer: string }; readonly input: unknown },
    { host, step, isResumed, key, signal }: Performance,
    { id, away, carried }: Where,
  ): Promise<unknown> {
    try {
      const request = { kind: 'action', action: action.name, input: Payload.parse(input), isResumed } as const
      const done = await untilStopped(
        jobs.start<'action'>(host, request, {
          idempotencyKey: key,
          migrationId: null,
          runId: id,
          title: `${summaryOf(id)}: ${step}`,
          noProgressSeconds,
          signal,
          onProgress(progress) {
            carried().progress = { step, progress }
            onChange(id)
          },
        }),
      )
      waiting.delete(id)
      return done.outcome
    } catch (error) {
      if (isDiskError(error, 'agent-gone') && !signal.aborted) {
        // What it did is not known: once it is back the action is asked whether it is done, and done again if it is not.
        forgetJob(key)
        waiting.set(id, host)
        away.abort(new Later(`the agent on ${host} is away`))
      }
      throw error
    } finally {
      carried().progress = null
    }
  }

  /** A job that its agent's death has ended is started anew under the same key. */
  function forgetJob(key: string): void {
    jobs.forget(key)
  }

  function untilStopped<T>(promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const onStop = () => reject(stopping.signal.reason)
      if (stopping.signal.aborted) onStop()
      stopping.signal.addEventListener('abort', onStop, { once: true })
      promise.then(resolve, reject).finally(() => stopping.signal.removeEventListener('abort', onStop))
    })
  }

  function summaryOf(id: string): string {
    const plan = findRun(db, id)?.plan
    return plan?.kind === 'plan' ? plan.summary : id
  }

  async function ensure(id: string): Promise<void> {
    const { workflowId } = expectRun(id)
    const now = await durable.ensure(workflowId, () => workflow.run({ run: id }))
    if (now !== workflowId) setWorkflow(db, id, now)
  }

  async function planOn(
    { host, library, operation, request }: z.output<typeof PlanRequest>,
    signal: AbortSignal | undefined,
  ) {
    const answer = await jobs.start<'plan'>(
      host,
      { kind: 'plan', operation, request, library },
      {
        idempotencyKey: `plan/${randomBytes(9).toString('hex')}`,
        migrationId: null,
        runId: null,
        title: `Plan ${operation}`,
        noProgressSeconds: planSeconds,
        signal: signal ?? new AbortController().signal,
      },
    )
    const plan = z.discriminatedUnion('kind', [Plan, Refusal]).parse(answer.plan)
    const commands =
      plan.kind === 'plan' ? new Map(plan.steps.map(({ id }, at) => [id, answer.commands[at]])) : null
    const shown = toPlanView(plan, ({ id }) => ({ argv: [], native: commands?.get(id) ?? '' }))
    const view =
      shown.kind === 'plan'
        ? { ...shown, steps: shown.steps.map((one) => ({ ...one, command: commands?.get(one.id) ?? '' })) }
        : shown
    return { plan, view, request: answer.request, script: answer.script, digest: digestOf(plan) }
  }

  function wish(id: string, what: 'resume' | 'undo'): RunView {
    write(db, (tx) => {
      const known = entriesOfRun(tx, id)
      const state = runState(known, `run ${id}`)
      const { can } = toRunView(expectRun(id), state, { progress: null, waitsFor: null })
      if (!can[what]) throw notPossible(state, what)
      assertFree(tx, state.created.plan)
      appendTo(tx, id, known, { event: 'asked', for: what })
      options.note(tx, id, `${state.created.plan.summary}: ${what === 'undo' ? 'to be undone' : 'to go on'}`)
    })
    ensure(id).catch(options.onError)
    onChange(id)
    return expectView(id)
  }

  const service: Services['runs'] = {
    async plan(request, signal): Promise<PlanAnswer> {
      const { view: plan, digest, script } = await planOn(request, signal)
      return { plan, digest, script }
    },

    async start({ idempotencyKey, accepted, seen, ...asked }, signal) {
      const known = findRunByKey(db, idempotencyKey)
      if (known) return expectView(known.id)
      const { plan, view: shown, request, digest } = await planOn(asked, signal)
      if (plan.kind === 'refusal') throw refused(asked.operation, plan)
      if (seen !== undefined && seen !== digest) throw changedPlan(plan)
      const open = plan.warnings.filter((one) => needsAcceptance(one) && !accepted.includes(one.id))
      if (open.length > 0) throw notAccepted(plan, open)
      const id = randomBytes(9).toString('hex')
      write(db, (tx) => {
        assertFree(tx, plan)
        const first = { event: 'created', at: timestamp(), run: id, request, accepted, plan } as const
        addRun(tx, {
          id,
          idempotencyKey,
          operation: plan.operation,
          plan: shown,
          subjects: plan.subjects,
          first,
        })
        options.note(tx, id, `${plan.summary}: started`)
      })
      onChange(id)
      ensure(id).catch(options.onError)
      return expectView(id)
    },

    cancel(id) {
      const state = stateOf(expectRun(id).id)
      if (isOver(state))
        throw new DiskError('already-over', { file: state.created.plan.summary, state: state.phase })
      if (isPastReturn(state)) throw notPossible(state, 'cancel')
      if (!state.isCancelAsked) {
        const carried = going.get(id)
        if (carried) carried.carrying.cancel().catch(options.onError)
        else write(db, (tx) => appendTo(tx, id, entriesOfRun(tx, id), { event: 'asked', for: 'cancel' }))
      }
      wake(id)
      onChange(id)
      return expectView(id)
    },

    resume: (id) => wish(id, 'resume'),
    undo: (id) => wish(id, 'undo'),

    forget(id) {
      const state = stateOf(expectRun(id).id)
      if (!isOver(state)) throw notPossible(state, 'forget')
      write(db, (tx) => forgetRun(tx, id))
      onChange(id)
    },

    log: (id) => entriesOfRun(db, expectRun(id).id).map(toLogEntry),
    list: (query) => listRunIds(db, query).flatMap((id) => view(id) ?? []),
    get: (id) => view(id) ?? (/^\d{1,15}$/u.test(id) ? view(idOfRunNumber(db, Number(id)) ?? '') : null),
  }

  /** Throws `run-busy` when a run that is not over works on the same thing. */
  function assertFree(tx: Queries, plan: Plan): void {
    const busy = busyRun(tx, plan.subjects)
    if (busy)
      throw new DiskError('run-busy', {
        file: busy.path,
        run: String(busy.number),
        operation: summaryOf(busy.id),
      })
  }

  function wake(id: string): void {
    const { workflowId } = expectRun(id)
    if (workflowId !== null) durable.wake(workflowId)
  }

  return {
    service,
    view,
    hostBack(host) {
      for (const id of openRunsAt(db, host)) {
        if (waiting.get(id) === host) waiting.delete(id)
        wake(id)
        onChange(id)
      }
    },
    async resume() {
      for (const { id } of openRuns(db)) await ensure(id)
    },
    stop() {
      stopping.abort(new Later('the controller stops'))
    },
  }
}

/** Two plans of the same steps and findings are the same plan. */
function digestOf(plan: Plan | Refusal): string {
  const steps =
    plan.kind === 'plan' ? plan.steps.map(({ id, host, action, input }) => [id, host, action, input]) : []
  const found = plan.kind === 'plan' ? plan.warnings : plan.problems
  const findings = found.map(({ id, file }) => [id, file])
  return createHash('sha256')
    .update(JSON.stringify([steps, findings]))
    .digest('hex')
}

function refused(operation: string, { problems }: Refusal): DiskError {
  const first = problems.find(({ severity }) => severity === 'block') ?? problems[0]
  return new DiskError('refused', {
    file: first?.file ?? operation,
    reason: problems.map(({ message }) => message).join('; '),
    remedy: first?.remedy ?? 'Plan it again.',
  })
}

function changedPlan({ subjects, operation }: Plan): DiskError {
  return new DiskError('refused', {
    file: subjects[0]?.path ?? operation,
    reason: 'what is there has changed, and the plan would be another one now',
    remedy: 'Look at the new plan, then start it.',
  })
}

function notAccepted(
  { subjects, operation }: Plan,
  open: readonly { readonly id: string; readonly message: string }[],
): DiskError {
  return new DiskError('needs-consent', {
    file: subjects[0]?.path ?? operation,
    ids: [...new Set(open.map(({ id }) => id))],
    choices: [],
    findings: [...new Set(open.map(({ message }) => message))],
  })
}

function notPossible(state: RunState, what: 'cancel' | 'resume' | 'undo' | 'forget'): DiskError {
  const { summary } = state.created.plan
  const words = { cancel: 'canceled', resume: 'resumed', undo: 'undone', forget: 'forgotten' } as const
  const why = isOver(state)
    ? `it ${state.phase}`
    : isPastReturn(state)
      ? 'there is no way back any more'
      : 'it is not over'
  return new DiskError('refused', {
    file: summary,
    reason: `it cannot be ${words[what]}: ${why}`,
    remedy: isOver(state) ? 'There is nothing left to do with it.' : 'Wait for its end.',
  })
}
