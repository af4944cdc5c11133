import { chunkLength, chunkSize } from '@varve/core/digest/disk-digest'
import type { DiskReader, ReadOptions } from '@varve/core/disk/disk-reader'
import { chunkStates } from './requests.ts'

export interface Survey {
  /** Bytes of extents that hold data. */
  readonly dataBytes: number
  /** Bytes of the chunks that hold any data. */
  readonly chunkBytes: number
}

export interface SurveyOptions extends ReadOptions {
  /** Nothing from this byte on is looked at; default: the end of the disk. */
  readonly end?: number
  /** Told from time to time how many chunks from the start are marked for good. */
  readonly onMarked?: ((chunks: number) => void) | undefined
}

/** Chunks that are marked before it is told. */
const chunksPerMark = 8

/** Marks every chunk of `disk` that holds data as waiting in `states`; the others are left as they are. */
export async function surveyDisk(
  disk: DiskReader,
  states: Uint8Array,
  { end: diskEnd = disk.virtualSize, onMarked, ...options }: SurveyOptions = {},
): Promise<Survey> {
  let marked = 0
  let dataBytes = 0
  let chunkBytes = 0
  let next = 0
  for await (const { start, length, content } of disk.extents({ start: 0, end: diskEnd }, options)) {
    options.signal?.throwIfAborted()
    const past = Math.floor(start / chunkSize)
    if (past >= marked + chunksPerMark) onMarked?.((marked = past))
    if (content !== 'data' || length === 0) continue
    dataBytes += length
    const first = Math.max(next, past)
    const end = Math.ceil((start + length) / chunkSize)
    if (first >= end) continue
    states.fill(chunkStates.waiting, first, end)
    chunkBytes += Math.min(end * chunkSize, diskEnd) - first * chunkSize
    next = end
  }
  return { dataBytes, chunkBytes }
}

/**
 * Marks every chunk in which the first or any other of `disks`, all of one size, holds data. Gives the data of the first and
 * the bytes of all chunks that are marked.
 */
export async function surveyDisks(
  [disk, ...others]: readonly [DiskReader, ...DiskReader[]],
  states: Uint8Array,
  { onMarked, ...options }: Omit<SurveyOptions, 'end'> = {},
): Promise<Survey> {
  if (others.length === 0) return surveyDisk(disk, states, { ...options, onMarked })
  const survey = await surveyDisk(disk, states, options)
  for (const other of others) await surveyDisk(other, states, options)
  let chunkBytes = 0
  for (const [index, state] of states.entries())
    if (state === chunkStates.waiting) chunkBytes += chunkLength(disk.virtualSize, index)
  return { dataBytes: survey.dataBytes, chunkBytes }
}

export interface DataInUnits {
  /** Bytes of data when every run of data is widened to whole units. */
  readonly dataBytes: number
  /** Bytes of the chunks that hold any data, the last one as long as the disk lets it be. */
  readonly chunkBytes: number
}

/** How much data there is, in units of `unit` bytes and in chunks; looks at the extents once. */
export async function dataInUnits(
  disk: DiskReader,
  unit: number,
  options: ReadOptions = {},
): Promise<DataInUnits> {
  const [units, chunks] = [new WidenedRuns(unit), new WidenedRuns(chunkSize, disk.virtualSize)]
  for await (const { start, length, content } of disk.extents({ start: 0, end: disk.virtualSize }, options)) {
    options.signal?.throwIfAborted()
    if (content !== 'data' || length === 0) continue
    units.add(start, length)
    chunks.add(start, length)
  }
  return { dataBytes: units.bytes, chunkBytes: chunks.bytes }
}

/** Counts bytes of runs that come in rising order, each widened to whole units that end at `limit` at the latest. */
class WidenedRuns {
  readonly #unit: number
  readonly #limit: number
  #next = 0
  bytes = 0

  constructor(unit: number, limit = Infinity) {
    this.#unit = unit
    this.#limit = limit
  }

  add(start: number, length: number): void {
    const first = Math.max(this.#next, Math.floor(start / this.#unit))
    const end = Math.ceil((start + length) / this.#unit)
    if (first >= end) return
    this.bytes += Math.min(end * this.#unit, this.#limit) - first * this.#unit
    this.#next = end
  }
}
