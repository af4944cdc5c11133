import { rm, stat, writeFile } from 'node:fs/promises'
import { uptime } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { DiskError, isDiskError } from '@varve/core/problems/disk-error'
import { makeFresh } from '@varve/operations/plans/fresh'
import { subjectOf, type Plan } from '@varve/operations/plans/plan'
import { carryOut, type CarryingOut, type Journal } from '@varve/operations/runs/carry-out'
import { beginAnew, heldByMachine } from '@varve/operations/runs/begin-anew'
import type { Created, JournalEntry, NewEntry } from '@varve/operations/runs/journal'
import { isOver, isPastReturn, runState, type RunState } from '@varve/operations/runs/run-state'
import { wishedPlan, type RunWish } from '@varve/operations/runs/wished-plan'
import type { ActionPorts, ActionProgress, AdapterTable } from '../actions/adapter.ts'
import { findAdapter, performAction } from '../actions/perform.ts'
import { createJournal, openJournal, type JournalDurability } from './journal-file.ts'
import {
  journalPath,
  listOpenRuns,
  listRuns,
  lockPath,
  putAway,
  readRun,
  runIds,
  takeOut,
  type KnownRun,
} from './known-runs.ts'
import { hostPaths } from '@varve/engine/files/host-path'
import { takeLock } from '@varve/engine/in-use/holder'
import { inRun, releaseRunLocks, takeRunLocks } from '@varve/engine/in-use/run-locks'
import { makeFolder } from '@varve/engine/system/make-folder'

export interface LocalRunsOptions {
  /** Where journals are kept; made when it is not there. */
  readonly folder: string
  readonly adapters: AdapterTable
  readonly ports: ActionPorts
  /** Called before and after each entry of a journal is written, with the number of entries that are there. */
  readonly onEntry?: (when: 'before' | 'after', count: number, entry: NewEntry) => void
}

export interface CarryOptions {
  /** The process ends: the run is left as it is. */
  readonly stop: AbortSignal
  /** Somebody at the terminal gives it up. */
  readonly cancel?: AbortSignal
  readonly onChange?: (state: RunState) => void
  readonly onProgress?: (step: string, progress: ActionProgress) => void
}

export interface NewRun {
  readonly plan: Plan
  readonly request: unknown
  readonly accepted: readonly string[]
  /** `cached`: its journal is not waited for either. */
  readonly durability?: JournalDurability
}

/** The runs of one host, each a journal in a folder. */
export interface LocalRuns {
  /** Begins a run and carries it out to its end; throws `run-busy` when another one, of this host or the fleet, works on the same thing. */
  start(run: NewRun, options: CarryOptions): Promise<RunState>
  /** Goes on with a run that was cut off, or failed; throws `already-over`, `run-busy`. */
  resume(id: string, options: CarryOptions): Promise<RunState>
  /** Undoes a run that is over or was cut off, as far as there is a way back. */
  undo(id: string, options: CarryOptions): Promise<RunState>
  /** Gives up a run: one that another process carries out is told so. */
  cancel(id: string, options: CarryOptions): Promise<RunState>
  /** What `wish` would have done with it now; throws `already-over`, `refused` where it is not possible. */
  wished(id: string, wish: RunWish): Promise<Plan>
  /** The newest first; journals that cannot be read are left out. */
  list(): Promise<readonly KnownRun[]>
  /** By its id, or the beginning of it; throws `not-found`. */
  find(id: string): Promise<KnownRun>
}

const attemptPauseMs = 1000
const wishMs = 300
/** A clock that was set after the start of the machine is not taken for a restart. */
const clockSlackMs = 5000

export function openLocalRuns({ folder, adapters, ports, onEntry }: LocalRunsOptions): LocalRuns {
  const journalOf = (id: string) => journalPath(folder, id)
  const lockOf = (id: string) => lockPath(folder, id)
  const wishOf = (id: string) => join(folder, `${id}.cancel`)

  const known = async (id: string) => readRun(folder, id)
  const list = async () => listRuns(folder)

  async function find(id: string): Promise<KnownRun> {
    const matching = (await runIds(folder)).filter(
      (known) => known === id || (id.length >= 4 && known.startsWith(id)),
    )
    const [only, ...others] = matching
    if (only === undefined || others.length > 0)
      throw new DiskError('not-found', { file: id, runs: matching })
    return await known(only)
  }

  /** The unfinished run that works on one of these things; null: none does. */
  async function busyRun(
    { subjects }: Plan,
    exceptId: string,
  ): Promise<{ run: KnownRun; path: string } | null> {
    for (const run of await listOpenRuns(folder)) {
      if (run.state.id === exceptId) continue
      const shared = run.state.created.plan.subjects.find((one) =>
        subjects.some(({ host, path }) => one.host === host && hostPaths.isSamePath(one.path, path)),
      )
      if (shared) return { run, path: shared.path }
    }
    return null
  }

  async function assertFree(plan: Plan, exceptId: string): Promise<void> {
    const busy = await busyRun(plan, exceptId)
    if (!busy) return
    const { created } = busy.run.state
    throw new DiskError('run-busy', {
      file: busy.path,
      run: busy.run.state.id,
      operation: created.plan.summary,
    })
  }

  /** Other runs of this host, and those of the fleet, see beside each image that this one works on it. */
  async function takeImages(plan: Plan, id: string): Promise<void> {
    const run = { id, name: id, operation: plan.summary, of: 'host', proof: journalOf(id) } as const
    await takeRunLocks(pathsOf(plan), run)
  }

  async function own(id: string): Promise<AsyncDisposable> {
    const lock = await takeLock(lockOf(id))
    if (!('pid' in lock)) return lock
    const { created } = (await known(id)).state
    throw new DiskError('run-busy', {
      file: subjectOf(created.plan),
      run: id,
      operation: `${created.plan.summary}, in process ${lock.pid}`,
    })
  }

  async function carry(journal: Journal, options: CarryOptions): Promise<RunState> {
    const { stop, cancel, onChange, onProgress } = options
    const running = carryOut({
      journal: onEntry ? watched(freeingFirst(journal), onEntry) : freeingFirst(journal),
      stop,
      ...(onChange && { onChange }),
      pause: async (attempt, signal) => sleep(attemptPauseMs * 2 ** (attempt - 2), undefined, { signal }),
      perform: async ({ action, input }, { run, step, isResumed, signal }) =>
        inRun(run, async () =>
          performAction(
            adapters,
            { action: action.name, input },
            { ports, signal, isResumed, onProgress: (progress) => onProgress?.(step, progress) },
          ),
        ),
    })
    const onCancel = () => void giveUp(running, journal)
    cancel?.addEventListener('abort', onCancel, { once: true })
    if (cancel?.aborted === true) onCancel()
    const wished = wishOf(runState(journal.entries(), journal.name).id)
    // What was wished of an earlier turn is over.
    await rm(wished, { force: true })
    const wish = watchWish(wished, onCancel)
    try {
      const ended = await running.ended
      if (isOver(ended)) await putAway(folder, ended.id)
      return ended
    } finally {
      wish[Symbol.dispose]()
      await rm(wished, { force: true })
      cancel?.removeEventListener('abort', onCancel)
    }
  }

  async function goOn(id: string, wish: RunWish, options: CarryOptions): Promise<RunState> {
    const found = await find(id)
    await using _lock = await own(found.state.id)
    const { state } = await known(found.state.id)
    assertPossible(state, wish)
    await assertFree(state.created.plan, state.id)
    await takeImages(state.created.plan, state.id)
    await takeOut(folder, state.id)
    await using journal = await openJournal(journalOf(state.id))
    // A run that was cut off goes on by itself.
    if (wish !== 'resume' || isOver(state)) await journal.append({ event: 'asked', for: wish })
    else if (wasRestarted(journal.entries()) || (await isAnythingGone(state, options)))
      for (const entry of beginAnew(state)) await journal.append(entry)
    return await carry(journal, options)
  }

  /** Whether something that only the running machine has is not there any more. */
  async function isAnythingGone(state: RunState, { stop }: CarryOptions): Promise<boolean> {
    for (const { action, input } of heldByMachine(state)) {
      const adapter = await findAdapter(adapters, action)
      const found = await adapter.isDone?.(input, { ports, signal: stop, onProgress: () => {} })
      if (found === null) return true
    }
    return false
  }

  async function start(
    { plan, request, accepted, durability = 'synced' }: Parameters<LocalRuns['start']>[0],
    options: CarryOptions,
  ): Promise<RunState> {
    await makeFolder(folder, 0o700)
    const run = makeFresh('id')
    await using _lock = await own(run)
    const at = new Date().toISOString()
    const journal = await withTurn(join(folder, 'turn.lock'), async () => {
      await assertFree(plan, run)
      const created: Created = { event: 'created', at, run, request, accepted: [...accepted], plan }
      await takeImages(plan, run)
      try {
        const made = await createJournal(journalOf(run), [created], durability)
        onEntry?.('after', 1, created)
        return made
      } catch (error) {
        await releaseRunLocks(pathsOf(plan), run)
        throw error
      }
    })
    await using _open = journal
    return await carry(journal, options)
  }

  return {
    list,
    find,

    async wished(id, wish) {
      const { state } = await find(id)
      assertPossible(state, wish)
      return wishedPlan(state, wish)
    },

    start: async (wanted, options) => written(folder, async () => start(wanted, options)),

    resume: async (id, options) => written(folder, async () => goOn(id, 'resume', options)),
    undo: async (id, options) => written(folder, async () => goOn(id, 'undo', options)),

    async cancel(id, options) {
      const { state, pid } = await find(id)
      if (pid === null) return await goOn(id, 'cancel', options)
      assertPossible(state, 'cancel')
      await writeFile(wishOf(state.id), '')
      for (;;) {
        options.stop.throwIfAborted()
        const now = await find(state.id)
        if (isOver(now.state)) return now.state
        if (now.pid === null) return await goOn(id, 'cancel', options)
        await sleep(wishMs)
      }
    },
  }
}

/** Whether the machine was started after the newest entry, as far as its clock tells. */
function wasRestarted(entries: readonly JournalEntry[]): boolean {
  const newest = Date.parse(entries.at(-1)?.at ?? '')
  return newest < Date.now() - uptime() * 1000 - clockSlackMs
}

/** What cannot be written down for want of room is said of the folder of the runs, and of nobody's image. */
async function written<T>(folder: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!isDiskError(error, 'no-space')) throw error
    const isOfRuns = error.file.startsWith(folder) || folder.startsWith(error.file)
    if (!isOfRuns) throw error
    const details = { file: folder, wanted: null, available: null, of: 'state' } as const
    throw new DiskError('no-space', details, { cause: error })
  }
}

function pathsOf({ subjects }: Plan): readonly string[] {
  return subjects.map(({ path }) => path)
}

/** Once a run is over nothing of it lies beside its images. */
function freeingFirst(journal: Journal): Journal {
  return {
    name: journal.name,
    entries: () => journal.entries(),
    async append(entry) {
      if (entry.event === 'ended') {
        const { id, created } = runState(journal.entries(), journal.name)
        await releaseRunLocks(pathsOf(created.plan), id)
      }
      await journal.append(entry)
    },
  }
}

function watched(journal: Journal, onEntry: NonNullable<LocalRunsOptions['onEntry']>): Journal {
  return {
    name: journal.name,
    entries: () => journal.entries(),
    async append(entry) {
      onEntry('before', journal.entries().length, entry)
      await journal.append(entry)
      onEntry('after', journal.entries().length, entry)
    },
  }
}

async function giveUp(running: CarryingOut, journal: Journal): Promise<void> {
  // Past the point of no return it goes on to its end.
  if (!isPastReturn(runState(journal.entries(), journal.name))) await running.cancel()
}

function assertPossible(state: RunState, wish: RunWish): void {
  const file = state.created.plan.summary
  if (wish === 'resume' && (state.phase === 'succeeded' || state.phase === 'undone'))
    throw new DiskError('already-over', {
      file,
      state: state.phase === 'undone' ? 'was undone' : 'succeeded',
    })
  if (wish === 'cancel' && isOver(state))
    throw new DiskError('already-over', { file, state: `ended: it ${state.phase}` })
  if (wish === 'resume' || !isPastReturn(state)) return
  throw new DiskError('refused', {
    file,
    reason: 'it has begun a step after which there is no way back',
    remedy: isOver(state)
      ? 'Restore what you need from a backup.'
      : `Go on with it: varve runs ${state.id} --resume.`,
  })
}

/** Calls `onWish` once when the file appears. */
function watchWish(path: string, onWish: () => void): Disposable {
  const timer = setInterval(() => {
    stat(path).then(
      () => {
        clearInterval(timer)
        onWish()
      },
      () => {},
    )
  }, wishMs)
  timer.unref()
  return { [Symbol.dispose]: () => clearInterval(timer) }
}

/** Runs `work` while no other process of this folder does. */
async function withTurn<T>(path: string, work: () => Promise<T>): Promise<T> {
  for (;;) {
    const lock = await takeLock(path)
    if ('pid' in lock) {
      await sleep(50)
      continue
    }
    await using _lock = lock
    return await work()
  }
}
