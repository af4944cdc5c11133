import { leafSize } from '@varve/core/digest/disk-digest'
import type { WorkerMessage } from './worker-job.ts'

const leavesPerMessage = 256

/** Sends leaves to the main thread, many at a time. */
export class LeafPost {
  readonly #send: (message: WorkerMessage) => void
  readonly #indexes = new Uint32Array(leavesPerMessage)
  readonly #leaves = new Uint8Array(leavesPerMessage * leafSize)
  #count = 0

  constructor(send: (message: WorkerMessage) => void) {
    this.#send = send
  }

  add(index: number, leaf: Uint8Array): void {
    this.#indexes[this.#count] = index
    this.#leaves.set(leaf, this.#count * leafSize)
    this.#count += 1
    if (this.#count === leavesPerMessage) this.flush()
  }

  flush(): void {
    if (this.#count === 0) return
    const count = this.#count
    this.#send({
      say: 'leaves',
      indexes: this.#indexes.slice(0, count),
      leaves: this.#leaves.slice(0, count * leafSize),
    })
    this.#count = 0
  }
}
