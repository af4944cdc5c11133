/**
 * The hosts in rings: each of `bounds` says how many of all are updated at its end, as a number or in percent, at least one; what
 * is left over comes into a last ring.
 */
export function ringsOf(hosts: readonly string[], bounds: readonly string[]): string[][] {
  const rings: string[][] = []
  let taken = 0
  for (const bound of [...bounds, '100%']) {
    const number = Number.parseInt(bound, 10)
    const wanted = bound.endsWith('%') ? Math.ceil((hosts.length * number) / 100) : number
    const upTo = Math.min(hosts.length, wanted)
    if (upTo <= taken) continue
    rings.push(hosts.slice(taken, upTo))
    taken = upTo
  }
  return rings
}
