import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { DiskError, isDiskError, toErrorRecord } from '@varve/core/problems/disk-error'
import type { Plan } from '@varve/operations/plans/plan'
import type { JournalEntry, NewEntry } from '@varve/operations/runs/journal'
import { carryOut, type CarryingOut, type Journal, type Performance } from '@varve/operations/runs/carry-out'
import { beginAnew, wasRestarted } from '@varve/operations/runs/begin-anew'
import { isOver, isPastReturn, runState, type RunState } from '@varve/operations/runs/run-state'
import type { JobProgress } from '@varve/protocol/job-progress'
import type { ActOn } from '@varve/protocol/people'
import type { PlanView } from '@varve/protocol/plans'
import type { AskedBy, PlanAnswer, RunView } from '@varve/protocol/runs'
import type { Payload } from '@varve/protocol/primitives'
import { z } from 'zod'
import type { Jobs } from '../agents/jobs.ts'
import type { BegunRun } from '../audit/audit-log.ts'
import { timestamp } from '../clock.ts'
import type { Services } from '../router/context.ts'
import { write, type Db, type Queries } from '../store/database.ts'
import { runImagesOf } from '../store/run-images-store.ts'
import {
  addRun,
  busyRun,
  countOpenRuns,
  entriesOfRun,
  findRun,
  findRunByKey,
  forgetRun,
  idOfRunNumber,
  listRunIds,
  openRuns,
  openRunsAt,
  runsToUndoAt,
  setWorkflow,
} from '../store/runs-store.ts'
import { untilItEnds, type Durable } from './durable.ts'
import { createPerform, type Performers } from './perform-job.ts'
import { assertStartable, digestOf, planOnHost } from './plan-on-host.ts'
import { appendTo, storedJournal } from './run-journal.ts'
import { toLogEntry } from './run-log.ts'
import { notPossible } from './not-possible.ts'
import { toRunView, type LiveRun } from './run-view.ts'

export interface BeginRun {
  readonly id: string
  readonly idempotencyKey: string
  readonly request: Payload
  readonly accepted: readonly string[]
  /** Left out: a person. */
  readonly askedBy?: AskedBy | undefined
  readonly plan: Plan
  /** As people see it. */
  readonly view: PlanView
}

/** Keeps what else is to be known of the runs of an operation, in the transaction of each entry. */
export type Projection = (tx: Queries, entry: JournalEntry, state: RunState) => void

export interface RunsOptions {
  readonly db: Db
  /** Actions that the controller does itself. */
  readonly performers: Performers
  /** By the names of operations; these have pages of their own, and tell themselves what happened. */
  readonly projections: Readonly<Record<string, Projection | undefined>>
  /** Told of every entry of every run, in its transaction. */
  readonly watch: Projection
  /** Told of every run that begins, in its transaction. */
  readonly onBegin: (tx: Queries, run: BegunRun) => void
  readonly isConnected: (host: string) => boolean
  /** Whether it has ever said hello, and was not forgotten since: a host that was is not waited for. */
  readonly isKnown: (host: string) => boolean
  /** The run of a host's machine since that was started; null: not known. */
  readonly bootOf: (host: string) => string | null
  /** Which libraries the things lie in that a plan is about, or that its request names. */
  readonly placesOf: (host: string, subjects: Plan['subjects'], request: Payload) => ActOn[]
  readonly durable: Durable
  readonly jobs: Jobs
  readonly retryMs: number
  readonly onChange: (id: string) => void
  /** The run is about to be over: its images on that host are free. It never throws. */
  readonly free: (host: string, run: string) => Promise<void>
  /** A line for people, in the transaction of what it tells. */
  readonly note: (tx: Queries, id: string, title: string) => void
  readonly onError: (error: unknown) => void
}

/** Plans of any operation, carried out over any hosts, whatever dies meanwhile. */
export interface Runs {
  readonly service: Services['runs']
  view(id: string): RunView | null
  /** How many are not over, but for those that are shown as something else. */
  countOpen(): number
  /** Keeps a run in the caller's transaction, and carries it out. */
  begin(tx: Queries, run: BeginRun): void
  /** Gives a run up. */
  cancel(id: string): void
  /** Ends, as failed, what was open when this process started: people say what goes on. Gives how many. */
  hold(error: DiskError): Promise<number>
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
  /** Stops carrying it out, and does nothing to it. */
  readonly halt: () => void
  progress: { readonly step: string; readonly progress: JobProgress } | null
}

export function createRuns(options: RunsOptions): Runs {
  const { db, durable, jobs, onChange } = options
  const stopping = new AbortController()
  const going = new Map<string, Carried>()
  const waiting = new Map<string, string>()
  const ofBefore = new Set(openRuns(db).map(({ id }) => id))
  const retryPolicy = untilItEnds(options.retryMs)

  const workflow = durable.workflows.defineWorkflow(
    { name: 'run', version: '1', schema: z.object({ run: z.string() }) },
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

  /** Of those that have no page of their own; throws `not-in-fleet` for others. */
  function expectOwn(id: string): RunState {
    const state = stateOf(expectRun(id).id)
    if (!options.projections[state.created.plan.operation]) return state
    throw new DiskError('not-in-fleet', { file: id, kind: 'run' })
  }

  function expectView(id: string): RunView {
    const found = view(id)
    if (found) return found
    throw new DiskError('not-in-fleet', { file: id, kind: 'run' })
  }

  const perform = createPerform({
    jobs,
    performers: options.performers,
    isConnected: options.isConnected,
    summaryOf,
    untilStopped,
    onProgress(id, step, progress) {
      const carried = going.get(id)
      if (carried) carried.progress = progress && { step, progress }
      onChange(id)
    },
  })

  /** What happened in a run, in the transaction that keeps it. */
  function took(tx: Queries, entry: JournalEntry, state: RunState): void {
    const project = options.projections[state.created.plan.operation]
    if (project) project(tx, entry, state)
    else if (entry.event === 'ended')
      options.note(tx, state.id, `${state.created.plan.summary}: ${entry.state}`)
    options.watch(tx, entry, state)
  }

  /** Who sees that the run is over finds nothing of it on its hosts. */
  function freeingFirst(journal: Journal): Journal {
    return {
      ...journal,
      async append(entry) {
        if (entry.event === 'ended') {
          const { id, created } = runState(journal.entries(), journal.name)
          const hosts = new Set(created.plan.subjects.map(({ host }) => host))
          await Promise.all([...hosts].map(async (host) => options.free(host, id)))
          stopping.signal.throwIfAborted()
        }
        await journal.append(entry)
      },
    }
  }

  /** Each step is noted with the run of its machine that it begins in. */
  function withBoots(journal: Journal): Journal {
    return {
      ...journal,
      async append(entry) {
        if (entry.event !== 'started') return await journal.append(entry)
        const boot = bootOfStep(journal, entry.step)
        await journal.append({ ...entry, ...(boot !== null && { boot }) })
      },
    }
  }

  function bootOfStep(journal: Journal, id: string): string | null {
    const { steps } = runState(journal.entries(), journal.name).created.plan
    const host = steps.find((step) => step.id === id)?.host
    return host === undefined ? null : options.bootOf(host)
  }

  /** What is written down where the machine of a host was restarted meanwhile. An operation with a view of its own proves what it finds of before itself. */
  function lostByRestart(journal: Journal): readonly NewEntry[] {
    const state = runState(journal.entries(), journal.name)
    const isOtherwise = isOver(state) || state.isCancelAsked || state.isUndoAsked || state.error !== null
    if (isOtherwise || options.projections[state.created.plan.operation]) return []
    return wasRestarted(state, options.bootOf) ? beginAnew(state) : []
  }

  /** Keeps a run and begins to carry it out. */
  function begin(tx: Queries, run: BeginRun): void {
    assertFree(tx, run.plan)
    const { id, idempotencyKey, request, accepted, askedBy, plan, view: shown } = run
    const first = {
      event: 'created' as const,
      at: timestamp(),
      run: id,
      request,
      accepted: [...accepted],
      ...(askedBy && { askedBy }),
      plan,
    } satisfies JournalEntry
    addRun(tx, { id, idempotencyKey, plan: shown, first })
    options.onBegin(tx, {
      id,
      planDigest: digestOf(plan),
      subjects: plan.subjects,
      hosts: [...new Set(plan.steps.map(({ host }) => host))],
      summary: plan.summary,
      askedBy: askedBy ?? null,
    })
    setImmediate(() => void ensure(id).catch(options.onError))
  }

  /** Carries the run out until it is over; throws when it has to wait for a host, or the process ends. */
  async function carry(id: string): Promise<void> {
    if (going.has(id)) throw new Later('it is carried out already')
    const away = new AbortController()
    const stop = AbortSignal.any([stopping.signal, away.signal])
    const journal = withBoots(
      freeingFirst(storedJournal(db, id, (tx, entry, state) => took(tx, entry, state))),
    )
    for (const entry of lostByRestart(journal)) await journal.append(entry)
    const assertNotRestarted = ({ host, isUndo }: Pick<Performance, 'host' | 'isUndo'>) => {
      if (isUndo || lostByRestart(journal).length === 0) return
      away.abort(new Later(`the machine of ${host} was restarted`))
      throw away.signal.reason
    }
    const carried: Carried = {
      halt: () => away.abort(new Later('it is held')),
      progress: null,
      carrying: carryOut({
        journal,
        stop,
        pause: async (attempt, signal) => {
          await sleep(Math.min(10_000, options.retryMs * 2 ** attempt), undefined, { signal })
        },
        onChange: () => onChange(id),
        async perform(call, at) {
          try {
            assertNotRestarted(at)
            const outcome = await perform(call, at)
            assertNotRestarted(at)
            waiting.delete(id)
            return outcome
          } catch (error) {
            // A step that is tried once waits for its host; one with more attempts has used one up.
            const isAway = isDiskError(error, 'agent-gone') && options.isKnown(at.host)
            if (isAway && call.action.attempts === 1 && !at.signal.aborted) {
              waiting.set(id, at.host)
              away.abort(new Later(`the agent on ${at.host} is away`))
            }
            throw error
          }
        },
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

  /** Appends to the journal of a run that nobody carries out now. */
  function append(tx: Queries, id: string, known: readonly JournalEntry[], entry: NewEntry): void {
    const { value, state } = appendTo(tx, id, known, entry)
    took(tx, value, state)
  }

  function wish(id: string, what: 'resume' | 'undo'): RunView {
    write(db, (tx) => {
      const known = entriesOfRun(tx, id)
      const state = runState(known, `run ${id}`)
      const { can } = toRunView(expectRun(id), state, { progress: null, waitsFor: null })
      if (!can[what]) throw notPossible(state, what)
      assertFree(tx, state.created.plan)
      append(tx, id, known, { event: 'asked', for: what })
      options.note(tx, id, `${state.created.plan.summary}: ${what === 'undo' ? 'to be undone' : 'to go on'}`)
    })
    ensure(id).catch(options.onError)
    onChange(id)
    return expectView(id)
  }

  /** Gives a run up; throws when it is over or there is no way back. */
  function cancel(id: string): void {
    const state = stateOf(expectRun(id).id)
    if (isOver(state))
      throw new DiskError('already-over', { file: state.created.plan.summary, state: state.phase })
    if (isPastReturn(state)) throw notPossible(state, 'cancel')
    if (!state.isCancelAsked) {
      const carried = going.get(id)
      if (carried) carried.carrying.cancel().catch(options.onError)
      else write(db, (tx) => append(tx, id, entriesOfRun(tx, id), { event: 'asked', for: 'cancel' }))
    }
    wake(id)
    onChange(id)
  }

  const service: Services['runs'] = {
    async plan(request, signal): Promise<PlanAnswer> {
      const { view: plan, digest, script } = await planOnHost(jobs, request, signal)
      return { plan, digest, script }
    },

    async start({ idempotencyKey, accepted, seen, askedBy, ...asked }, signal, allow = () => {}) {
      const known = findRunByKey(db, idempotencyKey)
      if (known) return expectView(known.id)
      const made = await planOnHost(jobs, asked, signal)
      const plan = assertStartable(made, { accepted, seen })
      allow({ operation: plan.operation, places: options.placesOf(asked.host, plan.subjects, made.request) })
      const id = randomBytes(9).toString('hex')
      const { view: shown, request } = made
      write(db, (tx) => {
        begin(tx, { id, idempotencyKey, request, accepted, askedBy, plan, view: shown })
        options.note(tx, id, `${plan.summary}: started${askedBy ? ` by the ${askedBy}` : ''}`)
      })
      onChange(id)
      return expectView(id)
    },

    cancel(id) {
      cancel(expectOwn(id).id)
      return expectView(id)
    },

    resume: (id) => wish(expectOwn(id).id, 'resume'),
    undo: (id) => wish(expectOwn(id).id, 'undo'),

    forget(id) {
      const state = expectOwn(id)
      if (!isOver(state)) throw notPossible(state, 'forget')
      write(db, (tx) => forgetRun(tx, id))
      onChange(id)
    },

    images: (id) => runImagesOf(db, expectRun(id).id),
    log: (id) => entriesOfRun(db, expectRun(id).id).map(toLogEntry),
    list: (query) => listRunIds(db, query, Object.keys(options.projections)).flatMap((id) => view(id) ?? []),
    get: (id) => view(id) ?? (/^\d{1,15}$/u.test(id) ? view(idOfRunNumber(db, Number(id)) ?? '') : null),
  }

  /** Throws `run-busy` when a run that is not over works on the same thing. */
  function assertFree(tx: Queries, plan: Plan): void {
    const busy = busyRun(tx, plan.subjects)
    if (busy)
      throw new DiskError('run-busy', {
        file: busy.path,
        run: String(busy.number),
        of: 'fleet',
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
    countOpen: () => countOpenRuns(db, Object.keys(options.projections)),
    begin,
    cancel,
    hostBack(host) {
      for (const id of runsToUndoAt(db, host)) {
        write(db, (tx) => append(tx, id, entriesOfRun(tx, id), { event: 'asked', for: 'undo' }))
        ensure(id).catch(options.onError)
      }
      for (const id of openRunsAt(db, host)) {
        if (waiting.get(id) === host) waiting.delete(id)
        wake(id)
        onChange(id)
      }
    },
    async hold(error) {
      let held = 0
      for (const id of ofBefore) {
        ofBefore.delete(id)
        const carried = going.get(id)
        carried?.halt()
        await carried?.carrying.ended
        const row = findRun(db, id)
        if (!row || isOver(stateOf(id))) continue
        const why = toErrorRecord(error, summaryOf(id))
        write(db, (tx) =>
          append(tx, id, entriesOfRun(tx, id), { event: 'ended', state: 'failed', error: why }),
        )
        onChange(id)
        held += 1
      }
      return held
    },
    async resume() {
      for (const { id } of openRuns(db)) await ensure(id)
    },
    stop() {
      stopping.abort(new Later('the controller stops'))
    },
  }
}
