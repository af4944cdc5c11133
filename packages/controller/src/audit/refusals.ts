/** Lines about what was refused to one asker in a minute; more are counted. */
const mostRefused = 120
const minuteMs = 60_000
const mostAskers = 10_000

/** Counts what is refused: who is refused must not fill the disk. */
export interface Refusals {
  /** Counts one more; whether it is one too many for a line of its own. */
  isTooMuch(from: string): boolean
  /** Tells what was counted and is over, or all. */
  tell(isAll: boolean): void
}

/** `tell`: keeps a line of how many more there were. */
export function createRefusals(now: () => number, tell: (from: string, more: number) => void): Refusals {
  const counts = new Map<string, { readonly since: number; count: number }>()

  function end(from: string, count: number): void {
    counts.delete(from)
    if (count > mostRefused) tell(from, count - mostRefused)
  }

  const refusals: Refusals = {
    isTooMuch(from) {
      const known = counts.get(from)
      if (known && now() - known.since < minuteMs) {
        known.count += 1
        return known.count > mostRefused
      }
      if (known) end(from, known.count)
      if (counts.size >= mostAskers) refusals.tell(true)
      counts.set(from, { since: now(), count: 1 })
      return false
    },
    tell(isAll) {
      for (const [from, { since, count }] of counts) if (isAll || now() - since >= minuteMs) end(from, count)
    },
  }
  return refusals
}
