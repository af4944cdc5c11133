import { Manifest, chunkCount, chunkLength, chunkSize } from '@varve/core/digest/disk-digest'
import type { DiskReader } from '@varve/core/disk/disk-reader'
import { DiskError } from '@varve/core/problems/disk-error'
import { connectNbd, type ExportFacts, type NbdClient } from '@varve/nbd/client'
import { assertUnchanged } from '../files/file-fingerprint.ts'
import { guarded, guardFiles } from '../in-use/guard-files.ts'
import type { NbdInput } from '../run/nbd-input.ts'
import { chunkStates, type DigestOutcome, type DiskInput, type TransferProgress } from '../run/requests.ts'
import { hexRoot } from '../run/collect-leaves.ts'
import { inputName, openInput, placeOf } from '../run/open-input.ts'
import { orCanceled } from '../run/or-canceled.ts'
import { readWithLeaf } from '../run/read-with-leaf.ts'
import type { RunOptions } from '../run/run-options.ts'
import { surveyDisk } from '../run/survey-disk.ts'
import { zeroChunk } from '../run/zero-chunk.ts'

export type WrittenExport = Pick<DigestOutcome, 'digest' | 'virtualSize' | 'dataBytes' | 'seconds'>

/** What an export is like that may be written to. */
export async function exportFacts(
  target: NbdInput,
  signal: AbortSignal,
): Promise<Pick<ExportFacts, 'size' | 'isReadOnly'>> {
  await using client = await connect(target, signal)
  const { size, isReadOnly } = client.facts
  return { size, isReadOnly }
}

/**
 * Writes the disk `input` over an export of its size, zeros too, and flushes it. It begins at the start each time: what was written
 * by an attempt that died is written again. Throws `not-writable`, `size-unsupported`, `source-changed`, `in-use`, `canceled`.
 */
export async function writeExport(
  input: DiskInput,
  target: NbdInput,
  options: RunOptions = {},
): Promise<WrittenExport> {
  const file = inputName(target)
  return await orCanceled({ signal: options.signal, file, what: 'the writing of the export' }, async () =>
    write(input, target, options),
  )
}

async function write(input: DiskInput, target: NbdInput, options: RunOptions): Promise<WrittenExport> {
  const started = performance.now()
  const { signal, onProgress } = options
  await using opened = await openInput(input, { io: 'async', ...(signal && { signal }) })
  const { disk, files } = opened
  const { virtualSize } = disk
  await using client = await connect(target, signal)
  assertFits(inputName(target), client.facts, virtualSize)
  using guard = await guardFiles(files, options)
  const states = new Uint8Array(chunkCount(virtualSize))
  const { dataBytes, chunkBytes } = await surveyDisk(disk, states, guarded(guard))
  const manifest = new Manifest(virtualSize)
  const copy = new Copy({ disk, client, states, manifest })
  const report = () => onProgress?.(copy.progress(chunkBytes))
  const timer = setInterval(report, progressMs)
  try {
    await copy.run(guard.signal)
    if (client.facts.canFlush) await client.flush(guarded(guard))
  } finally {
    clearInterval(timer)
  }
  await assertUnchanged(files)
  await guard.assertNone()
  report()
  return { digest: hexRoot(manifest), virtualSize, dataBytes, seconds: (performance.now() - started) / 1000 }
}

const progressMs = 250

async function connect(target: NbdInput, signal: AbortSignal | undefined): Promise<NbdClient> {
  const { exportName } = target
  return await connectNbd({
    ...placeOf(target),
    exportName,
    name: inputName(target),
    ...(signal && { signal }),
  })
}

function assertFits(file: string, { size, isReadOnly, blockSize }: ExportFacts, virtualSize: number): void {
  if (isReadOnly) throw new DiskError('not-writable', { file, reason: 'its server offers it read-only' })
  if (size !== virtualSize || size % blockSize.minimum !== 0)
    throw new DiskError('size-unsupported', {
      file,
      format: 'This NBD export',
      size: virtualSize,
      reason: `it has ${size} bytes, and is written as a whole only`,
    })
}

interface CopyParts {
  readonly disk: DiskReader
  readonly client: NbdClient
  /** Which chunks hold data: `waiting`. */
  readonly states: Uint8Array
  readonly manifest: Manifest
}

/** Chunks that are read and written at a time: each has a buffer of its own. */
const depth = 3
/** Chunks without data that one request makes zeros. */
const longestRun = 64

/** Goes through the chunks in order, several at a time. */
class Copy {
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
    const { disk, client, states, manifest } = this.#parts
    const bytes = buffer.subarray(0, chunkLength(disk.virtualSize, index))
    const leaf = await readWithLeaf(disk, bytes, index * chunkSize)
    if (leaf === null) {
      await this.#zero(index, index + 1, signal)
      this.#skippedBytes += bytes.length
    } else {
      manifest.setLeaf(index, leaf)
      await client.write(bytes, index * chunkSize, { signal })
      states[index] = chunkStates.written
    }
    this.#doneBytes += bytes.length
  }

  async #zero(first: number, end: number, signal: AbortSignal): Promise<void> {
    const { disk, client, states } = this.#parts
    const until = Math.min(end * chunkSize, disk.virtualSize)
    if (client.facts.canWriteZeroes)
      await client.writeZeroes({ start: first * chunkSize, end: until }, { signal })
    else
      for (let at = first * chunkSize; at < until; at += chunkSize)
        await client.write(zeroChunk.subarray(0, until - at), at, { signal })
    states.fill(chunkStates.skipped, first, end)
  }
}
