const firstMs = 250
const longestMs = 10_000
/** Share of a wait that is not left to chance. */
const certain = 0.1

/**
 * Milliseconds to wait before attempt `attempt` (0, 1, …): at most 250 ms, doubling up to 10 s, spread evenly over nearly all of it
 * by `random` (0…1), so that the agents of a large fleet do not all come back at once.
 */
export function backoffMs(attempt: number, random: number): number {
  const full = Math.min(longestMs, firstMs * 2 ** Math.min(attempt, 16))
  return full * (certain + (1 - certain) * random)
}
