/** The peer closed the stream; `isClean` when it did so between two messages. */
export class StreamEnded extends Error {
  override readonly name = 'StreamEnded'
  readonly isClean: boolean
  constructor(isClean: boolean, reason: string) {
    super(reason)
    this.isClean = isClean
  }
}

/** Bytes that may wait unread before the stream is held back. */
const highWater = 128 * 1024

const stagingSize = 64 * 1024

/** Reads larger than this go from the kernel straight into the caller's memory. */
const directAbove = 64 * 1024

interface Pending {
  readonly target: Uint8Array
  filled: number
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

/**
 * Turns a stream of bytes into reads of known length, one at a time. Two ways in:
 *
 *   any Duplex    'data' → push(chunk)
 *   plain socket  onread: buffer → space(), callback → received(): large reads land in the caller's memory uncopied
 *
 * Both say false when the stream should pause; `onWanted` is called when it should go on.
 */
export class ByteInput {
  /** Made when the first bytes come this way: sockets that say nothing cost nothing. */
  #staging: Uint8Array | null = null
  readonly #queue: Uint8Array[] = []
  #queued = 0
  #pending: Pending | null = null
  #ended: string | null = null
  readonly #onWanted: () => void
  readonly #onBytes: () => void

  constructor({ onWanted, onBytes }: { onWanted: () => void; onBytes: () => void }) {
    this.#onWanted = onWanted
    this.#onBytes = onBytes
  }

  /** Fills all of `target` with the next bytes; throws `StreamEnded`. */
  fill(target: Uint8Array): Promise<void> {
    const filled = this.#takeQueued(target)
    if (filled === target.length) return Promise.resolve()
    if (this.#ended !== null) return Promise.reject(new StreamEnded(filled === 0, this.#ended))
    return new Promise((resolve, reject) => {
      this.#pending = { target, filled, resolve, reject }
    })
  }

  /** Bytes that came and were not read. */
  get queued(): number {
    return this.#queued
  }

  /** Where the next bytes from the kernel go. */
  space(): Uint8Array {
    const pending = this.#pending
    if (pending && pending.target.length - pending.filled >= directAbove) {
      return pending.target.subarray(pending.filled)
    }
    return (this.#staging ??= new Uint8Array(stagingSize))
  }

  /** Takes in `count` bytes that were put into `buffer`, which `space` gave. */
  received(count: number, buffer: Uint8Array): boolean {
    const pending = this.#pending
    if (buffer !== this.#staging && pending) {
      this.#onBytes()
      pending.filled += count
      this.#settle(pending)
      return true
    }
    const rest = this.#give(buffer.subarray(0, count))
    return this.#enqueue(rest.slice())
  }

  /** Takes in a chunk, which is kept until it is read. */
  push(chunk: Uint8Array): boolean {
    return this.#enqueue(this.#give(chunk))
  }

  /** No more bytes come. */
  end(reason: string): void {
    if (this.#ended !== null) return
    this.#ended = reason
    const pending = this.#pending
    this.#pending = null
    pending?.reject(new StreamEnded(pending.filled === 0, reason))
  }

  #give(chunk: Uint8Array): Uint8Array {
    this.#onBytes()
    const pending = this.#pending
    if (!pending) return chunk
    const count = Math.min(chunk.length, pending.target.length - pending.filled)
    pending.target.set(chunk.subarray(0, count), pending.filled)
    pending.filled += count
    this.#settle(pending)
    return chunk.subarray(count)
  }

  #settle(pending: Pending): void {
    if (pending.filled < pending.target.length) return
    this.#pending = null
    pending.resolve()
  }

  #enqueue(chunk: Uint8Array): boolean {
    if (chunk.length > 0) {
      this.#queue.push(chunk)
      this.#queued += chunk.length
    }
    return this.#queued < highWater
  }

  #takeQueued(target: Uint8Array): number {
    let filled = 0
    const wasFull = this.#queued >= highWater
    while (filled < target.length) {
      const chunk = this.#queue[0]
      if (chunk === undefined) break
      const count = Math.min(chunk.length, target.length - filled)
      target.set(chunk.subarray(0, count), filled)
      filled += count
      if (count === chunk.length) this.#queue.shift()
      else this.#queue[0] = chunk.subarray(count)
    }
    this.#queued -= filled
    if (wasFull && this.#queued < highWater) this.#onWanted()
    return filled
  }
}
