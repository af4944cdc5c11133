/**
 * A clock of the time during which this controller could hear its agents. It stands still before `start`, and passes at
 * most `longestStepMs` while the process is stopped or its event loop is busy: nobody is called absent for a silence of ours.
 */
export interface Hearing {
  /** From when agents can reach this controller. */
  start(): void
  /** Milliseconds. */
  now(): number
  stop(): void
}

const tickMs = 100
const longestStepMs = 300

export function createHearing(clock: () => number = () => performance.now()): Hearing {
  let heardMs = 0
  let lastTick: number | null = null
  let timer: NodeJS.Timeout | null = null

  function step(): number {
    return lastTick === null ? 0 : Math.min(longestStepMs, clock() - lastTick)
  }

  return {
    start() {
      if (timer) return
      lastTick = clock()
      timer = setInterval(() => {
        heardMs += step()
        lastTick = clock()
      }, tickMs)
      timer.unref()
    },
    now: () => heardMs + step(),
    stop() {
      if (timer) clearInterval(timer)
      timer = null
    },
  }
}
