import { chunkStates, type TransferProgress } from '@varve/engine/run/requests'
import type { JobProgress } from '@varve/protocol/job-progress'
import { toChunkMap } from './chunk-map.ts'

/** The rate is taken over the last seconds only. */
const windowMs = 5000

interface Sample {
  readonly atMs: number
  readonly doneBytes: number
  readonly input: number
  readonly output: number
}

export interface MeterOptions {
  /** Threads that the transfer runs on: what they could wait for together in a second is as many seconds. */
  readonly workers: number
  /** What waiting for the input means: a local file or the other host. */
  readonly input: 'source' | 'wire'
  /** `written`: the disk is one that was written before, so that what waits is written already, and to be proven. */
  readonly before?: 'nothing' | 'written'
}

/** Turns the progress of a transfer into what people see: rate, what limits it, a map of the chunks. */
export class TransferMeter {
  readonly #options: MeterOptions
  readonly #startedMs: number
  #samples: Sample[] = []

  /** `startedMs`: when the transfer began, on a clock that only goes forward. */
  constructor(options: MeterOptions, startedMs: number) {
    this.#options = options
    this.#startedMs = startedMs
  }

  /** The progress for the wire, `atMs` on the same clock. */
  read(progress: TransferProgress, atMs: number): JobProgress {
    const { doneBytes, totalBytes, skippedBytes, states, waited } = progress
    const now: Sample = { atMs, doneBytes, input: waited.input, output: waited.output }
    this.#samples = [...this.#samples.filter((sample) => atMs - sample.atMs <= windowMs), now]
    const [first = now] = this.#samples
    const seconds = (now.atMs - first.atMs) / 1000
    return {
      done: doneBytes,
      total: totalBytes,
      unit: 'bytes',
      seconds: Math.max(0, atMs - this.#startedMs) / 1000,
      skipped: skippedBytes,
      rate: seconds > 0 ? Math.max(0, now.doneBytes - first.doneBytes) / seconds : null,
      limitedBy: seconds > 0 ? this.#limit(first, now) : null,
      chunkMap: this.#map(states),
    }
  }

  #map(states: Uint8Array): JobProgress['chunkMap'] {
    if (this.#options.before !== 'written') return toChunkMap(states)
    return toChunkMap(states.map((state) => (state === chunkStates.waiting ? chunkStates.written : state)))
  }

  #limit(first: Sample, now: Sample): JobProgress['limitedBy'] {
    const { workers, input } = this.#options
    const all = ((now.atMs - first.atMs) / 1000) * workers
    // Waits are counted when they end: of what stands still nothing is known.
    if (now.doneBytes === first.doneBytes) return null
    const waits = { input: now.input - first.input, output: now.output - first.output }
    if (waits.input + waits.output <= all / 2) return 'cpu'
    return waits.input >= waits.output ? input : 'target'
  }
}
