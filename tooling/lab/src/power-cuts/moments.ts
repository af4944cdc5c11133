/** Random moments, in order: one in each of `count` parts of equal length, so that no part of the whole goes without. */
export function randomMoments(wholeMs: number, count: number): readonly number[] {
  return Array.from({ length: count }, (_, part) => Math.floor(((part + Math.random()) / count) * wholeMs))
}

/** How many of these shares of the whole lie in each tenth of it; what is later counts for the last. */
export function spreadOf(shares: readonly number[]): readonly number[] {
  const tenths = shares.map((share) => Math.min(9, Math.floor(share * 10)))
  return Array.from({ length: 10 }, (_, tenth) => tenths.filter((one) => one === tenth).length)
}
