import { setTimeout } from 'node:timers/promises'
import type { Worker } from 'node:worker_threads'
import { DiskError, fromErrorRecord, isDiskError } from '@varve/core/problems/disk-error'
import type { DiskReader } from '@varve/core/disk/disk-reader'
import type { ImageFile } from '@varve/core/image/image-files'
import { assertUnchanged } from '../files/file-fingerprint.ts'
import type { RunOptions } from './run-options.ts'
import type { ChunkBoard } from './chunk-board.ts'
import type { JobOrder, WorkerJob, WorkerMessage } from './worker-job.ts'
import { WorkerPool } from './worker-pool.ts'

/** How long threads may take to notice that they are to stop before they are ended. */
const graceMs = 100
const progressMs = 250
export interface Crew {
  readonly job: WorkerJob
  readonly count: number
  readonly board: ChunkBoard
  /** The file that a fault of a thread itself is told about. */
  readonly file: string
  readonly what: string
  /** The files that are read: that one of them changed explains every other failure. */
  readonly files: readonly Pick<ImageFile, 'path' | 'fingerprint'>[]
  readonly onMessage: (message: WorkerMessage) => void
  /** What this thread has open. It works itself when no other thread is let in, or `isAlone` says that none would be. */
  readonly open?: { readonly disks: readonly DiskReader[]; readonly isAlone: boolean } | undefined
  /**
   * Marks the chunks while the threads start; gives the bytes to be done. Where `onMarked` is given, threads take what is
   * marked for good while the rest is being marked.
   */
  readonly survey: (onMarked?: (chunks: number) => void) => Promise<number>
}

/**
 * Runs one job in several threads to its end. However it ends, none of them works on. Throws the first error of a thread,
 * `source-changed` when a file did and the run failed, `canceled` when the signal came (`in-use` when it came with that),
 * `input-output` when a thread died.
 */
export async function runCrew(crew: Crew, options: RunOptions): Promise<void> {
  const { board, file, what } = crew
  const { signal, onProgress } = options
  if (signal?.aborted) throw new DiskError('canceled', { file, what })
  await using ownPool = options.pool ? null : new WorkerPool()
  const pool = options.pool ?? ownPool ?? new WorkerPool()
  const failures: unknown[] = []
  const stopped = Promise.withResolvers<void>()
  const fail = (error: unknown) => {
    failures.push(error)
    board.stop()
    stopped.resolve()
  }
  const abort = () => {
    const reason: unknown = signal?.reason
    fail(isDiskError(reason, 'in-use') ? reason : new DiskError('canceled', { file, what }))
  }
  signal?.addEventListener('abort', abort)
  const helps = options.mainThread === 'helps' && readsFiles(crew.job)
  const members: Member[] = []
  let own: Promise<void> | null = null
  let ticker: NodeJS.Timeout | null = null
  try {
    const others = crew.open?.isAlone ? 0 : crew.count - (helps ? 1 : 0)
    while (members.length < others) {
      members.push(hire({ crew, pool, fail, seat: members.length }))
    }
    const totalBytes = await crew.survey(
      readsFiles(crew.job) ? (chunks) => board.openGate(chunks) : undefined,
    )
    const report = () => onProgress?.({ totalBytes, states: board.states, ...board.totals })
    if (onProgress) ticker = setInterval(report, progressMs)
    board.openGate()
    own = helps ? workHere(crew, fail).catch(fail) : null
    await Promise.race([everyoneDone(members, { board, own }), stopped.promise])
    if (failures.length === 0 && !helps && members.every((member) => member.wasTurnedAway())) {
      own = workHere(crew, fail).catch(fail)
      await Promise.race([own, stopped.promise])
    }
    if (failures.length === 0) report()
  } catch (error) {
    fail(error)
  } finally {
    if (ticker) clearInterval(ticker)
    signal?.removeEventListener('abort', abort)
    board.stop()
    await own
    if (failures.length > 0) await letGo(members, pool)
  }
  if (failures.length === 0) return
  if (!signal?.aborted) await assertUnchanged(crew.files)
  throw failures[0]
}

/** Blocking is for files only: who waits for the other end of a stream has to go on listening. */
function readsFiles(job: WorkerJob): boolean {
  const inputs = job.do === 'compare' ? job.inputs : [job.input]
  return inputs.every(({ kind }) => kind === 'image')
}

interface Member {
  readonly seat: number
  readonly worker: Worker
  /** Its job is over, or it ended. */
  readonly done: Promise<void>
  isDone(): boolean
  /** The server of the stream did not let it in: it has done nothing. */
  wasTurnedAway(): boolean
}

interface Hiring {
  readonly crew: Crew
  readonly pool: WorkerPool
  readonly fail: (error: unknown) => void
  readonly seat: number
}

function hire({ crew: { job, file, onMessage }, pool, fail, seat }: Hiring): Member {
  const worker = pool.take()
  const order: JobOrder = { job, seat }
  const { promise: done, resolve } = Promise.withResolvers<void>()
  let isDone = false
  let isTurnedAway = false
  const end = () => {
    isDone = true
    worker.off('message', listen)
    worker.off('error', onError)
    worker.off('exit', onExit)
    resolve()
  }
  const listen = (message: WorkerMessage) => {
    if (message.say === 'failed') fail(fromErrorRecord(message.error))
    else onMessage(message)
    if (message.say === 'turned-away') isTurnedAway = true
    else if (message.say !== 'done' && message.say !== 'failed') return
    end()
    pool.give(worker)
  }
  const died = (reason: string, cause?: unknown) => {
    fail(new DiskError('input-output', { file, reason }, { cause }))
    end()
  }
  const onError = (error: unknown) => died(`a worker thread failed: ${String(error)}`, error)
  const onExit = (code: number) => died(`a worker thread ended early with code ${code}`)
  worker.on('message', listen)
  worker.on('error', onError)
  worker.on('exit', onExit)
  try {
    worker.postMessage(order)
  } catch (error) {
    end()
    pool.give(worker)
    throw error
  }
  return { seat, worker, done, isDone: () => isDone, wasTurnedAway: () => isTurnedAway }
}

/** This thread's share of the work. */
async function workHere({ job, onMessage, open }: Crew, fail: (error: unknown) => void): Promise<void> {
  const { reportJob } = await import('./worker-tasks.ts')
  const send = (message: WorkerMessage) => {
    if (message.say === 'failed') fail(fromErrorRecord(message.error))
    else onMessage(message)
  }
  await reportJob(job, { send, seat: null, isMain: true, disks: readsFiles(job) ? undefined : open?.disks })
}

/** A thread that comes when this one has left nothing to do is not waited for. */
async function everyoneDone(
  members: readonly Member[],
  { board, own }: { readonly board: ChunkBoard; readonly own: Promise<void> | null },
): Promise<void> {
  await own
  const working = own === null ? members : members.filter(({ seat }) => board.isSeated(seat))
  await Promise.all(working.map(async ({ done }) => done))
}

/** Threads that do not stop in time are ended. */
async function letGo(members: readonly Member[], pool: WorkerPool): Promise<void> {
  const busy = () => members.filter((member) => !member.isDone())
  if (busy().length === 0) return
  const everyone = Promise.all(members.map(async ({ done }) => done))
  await Promise.race([everyone, setTimeout(graceMs, null, { ref: false })])
  await Promise.all(busy().map(async ({ worker }) => pool.dismiss(worker)))
}
