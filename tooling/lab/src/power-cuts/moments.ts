/** How long to wait for the next moment, so that any moment is as likely as any other: exponential, of that mean. */
export function randomWait(meanMs: number, random = Math.random): number {
  return -Math.log(1 - random()) * meanMs
}

/** How many of these shares of the whole lie in each tenth of it; what is later counts for the last. */
export function spreadOf(shares: readonly number[]): readonly number[] {
  const tenths = shares.map((share) => Math.min(9, Math.floor(share * 10)))
  return Array.from({ length: 10 }, (_, tenth) => tenths.filter((one) => one === tenth).length)
}
