import type { TransferProgress } from '@varve/engine/requests'
import type { JobProgress } from '@varve/protocol/jobs'
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
}

/** Turns the progress of a transfer into what people see: rate, what limits it, a map of the chunks. */
export class TransferMeter {
  readonly #options: MeterOptions
  #samples: Sample[] = []

  constructor(options: MeterOptions) {
    this.#options = options
  }

  /** The progress for the wire, `atMs` on a clock that only goes forward. */
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
      skipped: skippedBytes,
      rate: seconds > 0 ? Math.max(0, now.doneBytes - first.doneBytes) / seconds : null,
      limitedBy: seconds > 0 ? this.#limit(first, now) : null,
      chunkMap: toChunkMap(states),
    }
  }

  #limit(first: Sample, now: Sample): JobProgress['limitedBy'] {
    const { workers, input } = this.#options
    const all = ((now.atMs - first.atMs) / 1000) * workers
    const waits = { input: now.input - first.input, output: now.output - first.output }
    if (waits.input + waits.output <= all / 2) return 'cpu'
    return waits.input >= waits.output ? input : 'target'
  }
}
