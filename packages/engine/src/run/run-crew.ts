import { getCompileCacheDir } from 'node:module'
import { availableParallelism } from 'node:os'
import { dirname } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { DiskError, fromErrorRecord } from '@varve/core/problems/disk-error'
import type { RunOptions } from '../requests.ts'
import type { ChunkBoard } from './chunk-board.ts'
import type { WorkerJob, WorkerMessage, WorkerStart } from './worker-job.ts'

/** Four saturate any disk; each takes about 35 MiB, and a run has to stay below 256. */
const mostWorkers = 4
/** How long threads may take to notice that they are to stop before they are ended. */
const graceMs = 100
const progressMs = 250
/** In a bundle the entry of the threads lies beside this code under its own name. */
const workerFile = import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.mjs'

/** Threads worth starting for `chunks` chunks. */
export function workerCount(chunks: number, { workers }: RunOptions): number {
  return Math.max(1, Math.min(workers ?? Math.min(availableParallelism(), mostWorkers), chunks))
}

export interface Crew {
  readonly job: WorkerJob
  readonly count: number
  readonly board: ChunkBoard
  /** The file that a fault of a thread itself is told about. */
  readonly file: string
  readonly what: string
  readonly onMessage: (message: WorkerMessage) => void
  /** Marks the chunks while the threads start; gives the bytes to be done. */
  readonly survey: () => Promise<number>
}

/**
 * Runs one job in several threads to its end. However it ends, no thread is left. Throws the first error of a thread,
 * `canceled` when the signal came, `input-output` when a thread died.
 */
export async function runCrew(crew: Crew, options: RunOptions): Promise<void> {
  const { board, file, what } = crew
  const { signal, onProgress } = options
  if (signal?.aborted) throw new DiskError('canceled', { file, what })
  const failures: unknown[] = []
  const stopped = Promise.withResolvers<void>()
  const fail = (error: unknown) => {
    failures.push(error)
    board.stop()
    stopped.resolve()
  }
  const abort = () => fail(new DiskError('canceled', { file, what }))
  signal?.addEventListener('abort', abort)
  const members: Member[] = []
  const everyoneGone = async () => Promise.all(members.map(async ({ gone }) => gone))
  let ticker: NodeJS.Timeout | null = null
  try {
    while (members.length < crew.count) members.push(hire(crew, fail))
    const totalBytes = await crew.survey()
    const report = () => onProgress?.({ totalBytes, states: board.states, ...board.totals })
    if (onProgress) ticker = setInterval(report, progressMs)
    board.openGate()
    await Promise.race([everyoneGone(), stopped.promise])
    if (failures.length === 0) report()
  } catch (error) {
    fail(error)
  } finally {
    if (ticker) clearInterval(ticker)
    signal?.removeEventListener('abort', abort)
    board.stop()
    await Promise.race([everyoneGone(), setTimeout(graceMs, null, { ref: false })])
    await Promise.all(members.map(async ({ worker }) => worker.terminate()))
  }
  if (failures.length > 0) throw failures[0]
}

interface Member {
  readonly worker: Worker
  readonly gone: Promise<void>
}

function hire({ job, file, onMessage }: Crew, fail: (error: unknown) => void): Member {
  const start: WorkerStart = { job, codeCache: codeCacheFolder() }
  const worker = new Worker(new URL(workerFile, import.meta.url), {
    workerData: start,
    execArgv: [],
    resourceLimits: { maxYoungGenerationSizeMb: 2 },
  })
  let finished = false
  worker.on('message', (message: WorkerMessage) => {
    if (message.say === 'done' || message.say === 'failed') finished = true
    if (message.say === 'failed') fail(fromErrorRecord(message.error))
    else onMessage(message)
  })
  const died = (reason: string, cause?: unknown) =>
    fail(new DiskError('input-output', { file, reason }, { cause }))
  worker.on('error', (error) => died(`a worker thread failed: ${String(error)}`, error))
  const gone = new Promise<void>((resolve) => {
    worker.on('exit', (code) => {
      if (!finished) died(`a worker thread ended early with code ${code}`)
      resolve()
    })
  })
  return { worker, gone }
}

/** What the program gave `enableCompileCache`; Node adds a folder for its version to that. */
function codeCacheFolder(): string | null {
  const folder = getCompileCacheDir()
  return folder === undefined ? null : dirname(folder)
}
