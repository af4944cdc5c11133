import { Manifest, chunkCount, chunkLength, chunkSize } from '@varve/core/digest/disk-digest'
import type { DiskReader } from '@varve/core/disk/disk-reader'
import type { ByteRange } from '@varve/core/ranges/byte-range'
import { hexRoot } from '../run/collect-leaves.ts'
import { readWithLeaf } from '../run/read-with-leaf.ts'
import { chunkStates, type DigestOutcome, type TransferProgress } from '../run/requests.ts'
import type { RunOptions } from '../run/run-options.ts'
import { surveyDisk } from '../run/survey-disk.ts'

/** Where the bytes of a disk go, at the places that they have in it. */
export interface DiskSink {
  write(bytes: Uint8Array, at: number, options: { readonly signal: AbortSignal }): Promise<void>
  /** Has a range of whole chunks read as zeros. */
  zero(range: ByteRange, options: { readonly signal: AbortSignal }): Promise<void>
}

interface CopyParts {
  readonly disk: DiskReader
  readonly sink: DiskSink
  /** Which chunks hold data: `waiting`. */
  readonly states: Uint8Array
  readonly manifest: Manifest
}

/** Chunks that are read and written at a time: each has a buffer of its own. */
const depth = 3
/** Chunks without data that one request makes zeros. */
const longestRun = 64

const progressMs = 250

interface CopyOptions extends Pick<RunOptions, 'signal' | 'onProgress'> {
  /** What is to be done once all is copied, and before that is told. */
  readonly finish?: () => Promise<void>
}

export type CopiedDisk = Pick<
  DigestOutcome,
  'digest' | 'virtualSize' | 'dataBytes' | 'readBytes' | 'zeroBytes' | 'manifest'
>

/** Copies a whole disk, zeros too, and digests it on the way. */
export async function copyDisk(
  disk: DiskReader,
  sink: DiskSink,
  { signal, onProgress, finish }: CopyOptions,
): Promise<CopiedDisk> {
  const { virtualSize } = disk
  const states = new Uint8Array(chunkCount(virtualSize)).fill(chunkStates.skipped)
  const { dataBytes, chunkBytes } = await surveyDisk(disk, states, { ...(signal && { signal }) })
  const manifest = new Manifest(virtualSize)
  const copy = new DiskCopy({ disk, sink, states, manifest })
  const report = () => onProgress?.(copy.progress(chunkBytes))
  const timer = setInterval(report, progressMs)
  try {
    await copy.run(signal)
    await finish?.()
  } finally {
    clearInterval(timer)
  }
  report()
  const { doneBytes: readBytes, skippedBytes: zeroBytes } = copy.progress(chunkBytes)
  return { digest: hexRoot(manifest), virtualSize, dataBytes, readBytes, zeroBytes, manifest }
}

/** Chunk by chunk in order, several at a time, with their leaves on the way. */
class DiskCopy {
  readonly #parts: CopyParts
  #next = 0
  #doneBytes = 0
  #skippedBytes = 0

  constructor(parts: CopyParts) {
    this.#parts = parts
  }

  progress(totalBytes: number): TransferProgress {
    const waited = { input: 0, output: 0 }
    return {
      doneBytes: this.#doneBytes,
      totalBytes,
      skippedBytes: this.#skippedBytes,
      states: this.#parts.states,
      waited,
    }
  }

  async run(signal: AbortSignal | undefined): Promise<void> {
    const failed = new AbortController()
    const stop = signal ? AbortSignal.any([signal, failed.signal]) : failed.signal
    const ends = await Promise.allSettled(
      Array.from({ length: depth }, async () =>
        this.#goOn(stop).catch((error: unknown) => {
          failed.abort(error)
          throw error
        }),
      ),
    )
    signal?.throwIfAborted()
    if (failed.signal.aborted) throw failed.signal.reason
    for (const end of ends) if (end.status === 'rejected') throw end.reason
  }

  async #goOn(signal: AbortSignal): Promise<void> {
    const buffer = new Uint8Array(Math.min(chunkSize, this.#parts.disk.virtualSize))
    const { states } = this.#parts
    while (this.#next < states.length) {
      signal.throwIfAborted()
      const first = this.#next
      if (states[first] === chunkStates.waiting) {
        this.#next += 1
        await this.#copyChunk(first, buffer, signal)
      } else {
        while (this.#next - first < longestRun && this.#isEmpty(this.#next)) this.#next += 1
        await this.#zero(first, this.#next, signal)
      }
    }
  }

  #isEmpty(index: number): boolean {
    const { states } = this.#parts
    return index < states.length && states[index] !== chunkStates.waiting
  }

  async #copyChunk(index: number, buffer: Uint8Array, signal: AbortSignal): Promise<void> {
    const { disk, sink, states, manifest } = this.#parts
    const bytes = buffer.subarray(0, chunkLength(disk.virtualSize, index))
    const leaf = await readWithLeaf(disk, bytes, index * chunkSize)
    if (leaf === null) {
      await this.#zero(index, index + 1, signal)
      this.#skippedBytes += bytes.length
    } else {
      manifest.setLeaf(index, leaf)
      await sink.write(bytes, index * chunkSize, { signal })
      states[index] = chunkStates.written
    }
    this.#doneBytes += bytes.length
  }

  async #zero(first: number, end: number, signal: AbortSignal): Promise<void> {
    const { disk, sink, states } = this.#parts
    const until = Math.min(end * chunkSize, disk.virtualSize)
    await sink.zero({ start: first * chunkSize, end: until }, { signal })
    states.fill(chunkStates.skipped, first, end)
  }
}
