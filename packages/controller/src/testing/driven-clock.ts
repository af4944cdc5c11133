import type { Clock } from '../clock.ts'

const dayMs = 86_400_000

/** A clock that stands until a test puts it forward. */
export interface DrivenClock extends Clock {
  /** Puts it forward, and calls on the way what waits for its time; gives each the time to settle. */
  forward(ms: number): Promise<void>
}

interface Waiting {
  readonly at: number
  readonly work: () => void
}

export function drivenClock(start: string, zone = 'UTC'): DrivenClock {
  let now = Date.parse(start)
  const waiting = new Set<Waiting>()
  return {
    zone,
    now: () => now,
    after(ms, work) {
      const one = { at: now + ms, work }
      waiting.add(one)
      return () => void waiting.delete(one)
    },
    async forward(ms) {
      const end = now + ms
      await settle()
      for (;;) {
        const next = [...waiting].filter(({ at }) => at <= end).toSorted((a, b) => a.at - b.at)[0]
        if (!next) break
        now = Math.max(now, next.at)
        waiting.delete(next)
        next.work()
        await settle()
      }
      now = end
    },
  }
}

/** Until what was begun waits for something else. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 8; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}

export const days = (count: number) => count * dayMs
export const hours = (count: number) => count * 3_600_000
