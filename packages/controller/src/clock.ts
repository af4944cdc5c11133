/** Now, as it is kept and sent. */
export function timestamp(): string {
  return new Date().toISOString()
}

/** The time, for what waits for hours and days: a test brings its own. */
export interface Clock {
  /** In ms since 1970. */
  now(): number
  /** Name of the time zone of its days, such as `Europe/Berlin`. */
  readonly zone: string
  /** Calls once after so long; the result takes it back. */
  after(ms: number, work: () => void): () => void
}

export const systemClock: Clock = {
  now: () => Date.now(),
  zone: new Intl.DateTimeFormat().resolvedOptions().timeZone,
  after(ms, work) {
    const timer = setTimeout(work, ms).unref()
    return () => clearTimeout(timer)
  },
}
