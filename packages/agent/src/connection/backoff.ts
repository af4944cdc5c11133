const firstMs = 250
const longestMs = 10_000

/** Milliseconds to wait before attempt `attempt` (0, 1, …): doubling, at most 10 s, half of it at random (`random` in 0…1). */
export function backoffMs(attempt: number, random: number): number {
  const full = Math.min(longestMs, firstMs * 2 ** Math.min(attempt, 16))
  return full / 2 + (full / 2) * random
}
