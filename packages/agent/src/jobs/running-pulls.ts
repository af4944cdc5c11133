interface Running {
  readonly stop: AbortController
  readonly ended: Promise<void>
}

/** The pulls that run now, by part file: one part file has one writer. */
export class RunningPulls {
  readonly #running = new Map<string, Running>()

  /** Stops an earlier pull into the same part file, waits for its end, then runs `work`. */
  async run<T>(partPath: string, signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    await this.stop(partPath)
    const stop = new AbortController()
    const { promise: ended, resolve } = Promise.withResolvers<void>()
    const running = { stop, ended }
    this.#running.set(partPath, running)
    try {
      return await work(AbortSignal.any([signal, stop.signal]))
    } finally {
      if (this.#running.get(partPath) === running) this.#running.delete(partPath)
      resolve()
    }
  }

  /** Stops the pull into that part file, if there is one, and waits for its end. */
  async stop(partPath: string): Promise<void> {
    const running = this.#running.get(partPath)
    if (!running) return
    running.stop.abort()
    await running.ended
  }
}
