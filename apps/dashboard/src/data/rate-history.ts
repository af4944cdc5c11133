/** One measurement of a transfer: when, and bytes a second. */
export interface RateSample {
  readonly at: number
  readonly rate: number
}

const longestHistory = 240

/** The history with one more measurement; at most 240, and none older than the newest. */
export function addRate(history: readonly RateSample[], sample: RateSample): readonly RateSample[] {
  const last = history.at(-1)
  if (last && sample.at <= last.at) return history
  return [...history, sample].slice(-longestHistory)
}
