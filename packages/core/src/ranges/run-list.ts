import type { ByteRange } from './byte-range.ts'

/** Runs of bytes in order, none touching the next: start, end, start, end, … In typed memory, so that threads can share it. */
export type RunList = Float64Array

export const noRuns: RunList = new Float64Array()

/** Runs that are kept at most: some 32 MiB. Of more the shortest are left out. */
const usualMost = 2_000_000

/** Collects runs, best in rising order, into a list. */
export class RunCollector {
  readonly #most: number
  #pairs = new Float64Array(1024)
  #length = 0
  #isInOrder = true
  #shortest = 0

  constructor({ most = usualMost }: { readonly most?: number } = {}) {
    this.#most = most
  }

  add({ start, end }: ByteRange): void {
    if (start >= end) return
    const lastEnd = this.#length > 0 ? (this.#pairs[this.#length - 1] ?? 0) : -1
    if (start === lastEnd) {
      this.#pairs[this.#length - 1] = end
      return
    }
    if (start < lastEnd) this.#isInOrder = false
    if (this.#length === this.#most * 2) this.#leaveOutShortest()
    if (this.#length === this.#pairs.length) {
      const longer = new Float64Array(Math.min(this.#pairs.length * 2, this.#most * 2))
      longer.set(this.#pairs)
      this.#pairs = longer
    }
    this.#pairs[this.#length] = start
    this.#pairs[this.#length + 1] = end
    this.#length += 2
  }

  addAll(runs: RunList): void {
    for (const run of eachRun(runs)) this.add(run)
  }

  /** The runs, joined where they touch or overlap. */
  list(): RunList {
    const pairs = this.#pairs.subarray(0, this.#length)
    if (this.#isInOrder) return pairs.slice()
    const sorted = [...eachRun(pairs)].sort((a, b) => a.start - b.start)
    const joined: number[] = []
    for (const { start, end } of sorted) {
      const lastEnd = joined.at(-1) ?? -1
      if (start <= lastEnd) joined[joined.length - 1] = Math.max(lastEnd, end)
      else joined.push(start, end)
    }
    return Float64Array.from(joined)
  }

  /** Runs are left out by their length, twice as long each time, until half of the room is free. */
  #leaveOutShortest(): void {
    while (this.#length > this.#most) {
      this.#shortest = Math.max(4096, this.#shortest * 2)
      let kept = 0
      for (let at = 0; at < this.#length; at += 2) {
        const [start = 0, end = 0] = [this.#pairs[at], this.#pairs[at + 1]]
        if (end - start < this.#shortest) continue
        this.#pairs[kept] = start
        this.#pairs[kept + 1] = end
        kept += 2
      }
      this.#length = kept
    }
  }
}

export function* eachRun(runs: RunList): Generator<ByteRange> {
  for (let at = 0; at + 1 < runs.length; at += 2) yield { start: runs[at] ?? 0, end: runs[at + 1] ?? 0 }
}

/** The parts of the runs that lie in `range`. */
export function* runsWithin(runs: RunList, range: ByteRange): Generator<ByteRange> {
  for (let at = firstEndingBehind(runs, range.start); at + 1 < runs.length; at += 2) {
    const start = Math.max(range.start, runs[at] ?? 0)
    const end = Math.min(range.end, runs[at + 1] ?? 0)
    if (start >= end) return
    yield { start, end }
  }
}

/** The place in the list of the first run that ends behind `at`. */
function firstEndingBehind(runs: RunList, at: number): number {
  let low = 0
  let high = runs.length / 2
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    if ((runs[middle * 2 + 1] ?? 0) <= at) low = middle + 1
    else high = middle
  }
  return low * 2
}

/** Bytes that lie in runs of both. */
export function bytesInBoth(one: RunList, other: RunList): number {
  let bytes = 0
  for (const run of eachRun(one)) for (const { start, end } of runsWithin(other, run)) bytes += end - start
  return bytes
}

/** Bytes in all runs. */
export function bytesInRuns(runs: RunList): number {
  let bytes = 0
  for (let at = 0; at + 1 < runs.length; at += 2) bytes += (runs[at + 1] ?? 0) - (runs[at] ?? 0)
  return bytes
}
