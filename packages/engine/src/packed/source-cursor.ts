import { setImmediate } from 'node:timers/promises'
import type { ByteSource } from '@varve/core/binary/byte-source'
import { DiskError } from '@varve/core/problems/disk-error'

/** Bytes read at once, and the most that can be taken at once, unless told otherwise. */
const usualSize = 256 * 1024

/** Goes through a source from its start to its end. */
export class SourceCursor {
  readonly #source: ByteSource
  readonly #signal: AbortSignal | undefined
  readonly #buffer: Uint8Array
  /** Place in the source of the buffer's first byte, and how much of the buffer is filled. */
  #start = 0
  #filled = 0
  #at = 0

  constructor(source: ByteSource, signal?: AbortSignal, bufferSize = usualSize) {
    this.#source = source
    this.#signal = signal
    this.#buffer = new Uint8Array(Math.min(bufferSize, source.size))
  }

  /** Where the next byte stands. */
  get at(): number {
    return this.#at
  }

  get left(): number {
    return this.#source.size - this.#at
  }

  /** Goes on at byte `at`. */
  seek(at: number): void {
    this.#at = at
  }

  /** The next `count` bytes, good until the next call; throws `truncated` when the source ends before. */
  async take(count: number, structure: string): Promise<Uint8Array> {
    const bytes = await this.peek(count)
    if (bytes.length < count) {
      const { name: file } = this.#source
      throw new DiskError('truncated', { file, structure, wanted: count, available: bytes.length })
    }
    this.#at += count
    return bytes
  }

  /** Up to `count` of the next bytes: fewer where the source ends; good until the next call. */
  async peek(count: number): Promise<Uint8Array> {
    const wanted = Math.min(count, this.left)
    if (this.#at < this.#start || this.#at + wanted > this.#start + this.#filled) await this.#fill()
    const from = this.#at - this.#start
    return this.#buffer.subarray(from, from + wanted)
  }

  async #fill(): Promise<void> {
    this.#signal?.throwIfAborted()
    // Plain blocking reads never let a signal in by themselves.
    await setImmediate()
    this.#signal?.throwIfAborted()
    const length = Math.min(this.#buffer.length, this.left)
    await this.#source.readInto(this.#buffer.subarray(0, length), this.#at)
    this.#start = this.#at
    this.#filled = length
  }
}
