import type { ByteRange } from '@varve/core/ranges/byte-range'
import type { Zeroed } from './requests.ts'
import type { WorkerMessage } from './worker-job.ts'

/** What all threads of a run together read as zeros because it could not be read, by file. */
export class ZeroedCollection {
  readonly #byFile = new Map<string, ByteRange[]>()

  take(message: WorkerMessage): void {
    if (message.say !== 'zeroed') return
    const known = this.#byFile.get(message.file) ?? []
    known.push(...message.ranges)
    this.#byFile.set(message.file, known)
  }

  /** In order, neighbours joined; empty when everything was read. */
  get all(): readonly Zeroed[] {
    return [...this.#byFile].map(([file, found]) => {
      const ranges: ByteRange[] = []
      for (const range of found.toSorted((a, b) => a.start - b.start)) {
        const last = ranges.at(-1)
        if (last && range.start <= last.end)
          ranges[ranges.length - 1] = { start: last.start, end: Math.max(last.end, range.end) }
        else ranges.push(range)
      }
      return { file, bytes: ranges.reduce((sum, { start, end }) => sum + end - start, 0), ranges }
    })
  }
}
