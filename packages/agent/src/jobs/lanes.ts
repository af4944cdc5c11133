/** Lets a bounded number of jobs run at once; the others wait in order. */
export class Lanes<L extends string> {
  readonly #width: Readonly<Record<L, number>>
  readonly #running = new Map<L, number>()
  readonly #waiting = new Map<L, (() => void)[]>()

  constructor(width: Readonly<Record<L, number>>) {
    this.#width = width
  }

  /** Resolves when it is this job's turn; rejects with the signal's reason when it comes first. Dispose to end the turn. */
  async enter(lane: L, signal: AbortSignal): Promise<Disposable> {
    signal.throwIfAborted()
    if ((this.#running.get(lane) ?? 0) >= this.#width[lane]) await this.#turn(lane, signal)
    else this.#running.set(lane, (this.#running.get(lane) ?? 0) + 1)
    let isOver = false
    return {
      [Symbol.dispose]: () => {
        if (isOver) return
        isOver = true
        this.#leave(lane)
      },
    }
  }

  async #turn(lane: L, signal: AbortSignal): Promise<void> {
    const waiting = this.#waiting.get(lane) ?? []
    this.#waiting.set(lane, waiting)
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const onAbort = () => {
      waiting.splice(waiting.indexOf(resolve), 1)
      reject(signal.reason)
    }
    waiting.push(resolve)
    signal.addEventListener('abort', onAbort, { once: true })
    await promise
    signal.removeEventListener('abort', onAbort)
  }

  /** The turn goes to the next one in line, or becomes free. */
  #leave(lane: L): void {
    const next = this.#waiting.get(lane)?.shift()
    if (next) next()
    else this.#running.set(lane, (this.#running.get(lane) ?? 1) - 1)
  }
}
