import { DiskError } from '@varve/core/problems/disk-error'

/** Aborts `signal` with `no-progress` when nothing moved for too long. */
export class StallWatch implements Disposable {
  readonly #stop = new AbortController()
  readonly #seconds: number
  readonly #about: { readonly file: string; readonly during: string }
  #timer: NodeJS.Timeout | null = null
  #last = ''

  constructor(seconds: number, about: { readonly file: string; readonly during: string }) {
    this.#seconds = seconds
    this.#about = about
  }

  get signal(): AbortSignal {
    return this.#stop.signal
  }

  /** Begins to watch, or begins anew. */
  start(): void {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      this.#stop.abort(new DiskError('no-progress', { ...this.#about, seconds: this.#seconds }))
    }, this.#seconds * 1000)
  }

  /** Progress as a number of things done: only a change counts. */
  note(...done: readonly number[]): void {
    const now = done.join()
    if (now === this.#last) return
    this.#last = now
    this.start()
  }

  [Symbol.dispose](): void {
    if (this.#timer) clearTimeout(this.#timer)
  }
}
