const smallest = 4096

interface Waiter {
  readonly size: number
  readonly resolve: (buffer: Uint8Array) => void
}

/**
 * Memory for payloads, in sizes of powers of two. What is lent and what is kept for reuse together never exceed
 * the limit; who asks for more waits in turn.
 */
export class BufferPool {
  readonly #limit: number
  readonly #free = new Map<number, Uint8Array[]>()
  #lent = 0
  #kept = 0
  readonly #waiters: Waiter[] = []

  /** `limit` in bytes; a single buffer may not be larger. */
  constructor(limit: number) {
    this.#limit = limit
  }

  /** Bytes lent at present. */
  get lent(): number {
    return this.#lent
  }

  /** A buffer of at least `length` bytes with arbitrary contents; throws the reason of `signal` while it waits. */
  async take(length: number, signal: AbortSignal): Promise<Uint8Array> {
    signal.throwIfAborted()
    const size = Math.max(smallest, 2 ** Math.ceil(Math.log2(length)))
    if (size > this.#limit) throw new RangeError(`a buffer of ${size} bytes from a pool of ${this.#limit}`)
    if (this.#waiters.length === 0 && this.#fits(size)) return this.#lend(size)
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        size,
        resolve: (buffer) => {
          signal.removeEventListener('abort', leave)
          resolve(buffer)
        },
      }
      const leave = (): void => {
        const index = this.#waiters.indexOf(waiter)
        if (index >= 0) this.#waiters.splice(index, 1)
        this.#serve()
        reject(signal.reason)
      }
      signal.addEventListener('abort', leave, { once: true })
      this.#waiters.push(waiter)
    })
  }

  /** Takes back a buffer that `take` gave. */
  give(buffer: Uint8Array): void {
    const size = buffer.length
    this.#lent -= size
    this.#kept += size
    const free = this.#free.get(size)
    if (free) free.push(buffer)
    else this.#free.set(size, [buffer])
    this.#serve()
  }

  #serve(): void {
    for (;;) {
      const next = this.#waiters[0]
      if (next === undefined || !this.#fits(next.size)) return
      this.#waiters.shift()
      next.resolve(this.#lend(next.size))
    }
  }

  #fits(size: number): boolean {
    return this.#lent + size <= this.#limit
  }

  #lend(size: number): Uint8Array {
    this.#lent += size
    const reused = this.#free.get(size)?.pop()
    if (reused) {
      this.#kept -= size
      return reused
    }
    if (this.#lent + this.#kept > this.#limit) {
      this.#free.clear()
      this.#kept = 0
    }
    return new Uint8Array(new ArrayBuffer(size))
  }
}
