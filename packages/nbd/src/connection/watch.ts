interface Guard {
  readonly onExpired: () => void
  /** Whether the silence of `silentMs` is the peer's fault; left out: always. Asked again after another time-out. */
  readonly isDue?: (silentMs: number) => boolean
}

/** Notices silence with one timer, however often something happens. */
export class Watch {
  #timer: NodeJS.Timeout | null = null
  #touched = 0

  /** Calls `onExpired` once when `touch` was not called for `timeoutMs`. */
  start(timeoutMs: number, { onExpired, isDue }: Guard): void {
    this.stop()
    this.touch()
    const check = (): void => {
      this.#timer = null
      const silentMs = performance.now() - this.#touched
      if (silentMs < timeoutMs - 1) wait(timeoutMs - silentMs)
      else if (isDue && !isDue(silentMs)) wait(timeoutMs)
      else onExpired()
    }
    const wait = (ms: number): void => {
      this.#timer = setTimeout(check, ms)
      this.#timer.unref()
    }
    wait(timeoutMs)
  }

  get isRunning(): boolean {
    return this.#timer !== null
  }

  touch(): void {
    this.#touched = performance.now()
  }

  stop(): void {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
  }
}
