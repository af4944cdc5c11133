import type { Extent } from '@varve/core/ranges/extent'
import type { Coverage } from './transmission/coverage.ts'

/** A request on the wire. */
export type PendingRequest = PendingRead | PendingStatus | PendingDone

interface Pending<T> {
  readonly offset: number
  readonly length: number
  readonly resolve: (value: T) => void
  readonly reject: (error: Error) => void
  /** Nobody waits for it any more: what arrives is dropped. */
  isAbandoned: boolean
  /** Its bytes are on their way into the caller's memory at this moment. */
  isArriving: boolean
  /** What went wrong so far; the reply ends with it. */
  error: Error | null
  /** Chunks that carried no byte of what was asked. */
  emptyChunks: number
}

export interface PendingRead extends Pending<void> {
  readonly kind: 'read'
  readonly target: Uint8Array
  readonly coverage: Coverage
}

export interface PendingStatus extends Pending<readonly Extent[]> {
  readonly kind: 'block-status'
  extents: readonly Extent[] | null
}

/** Something that is done, and answered without data. */
export interface PendingDone extends Pending<void> {
  readonly kind: 'write' | 'write-zeroes' | 'flush'
  /** Sent behind the request. */
  readonly payload: Uint8Array | null
}

/** A window of requests; who comes when it is full waits in turn. */
export class RequestWindow {
  #free: number
  readonly #waiters: (() => void)[] = []

  constructor(size: number) {
    this.#free = size
  }

  async enter(): Promise<void> {
    if (this.#free > 0) {
      this.#free -= 1
      return
    }
    await new Promise<void>((resolve) => this.#waiters.push(resolve))
  }

  leave(): void {
    const next = this.#waiters.shift()
    if (next) next()
    else this.#free += 1
  }
}
