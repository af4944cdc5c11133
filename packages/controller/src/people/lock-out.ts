/** Wrong tries that cost nothing: fingers slip. */
const freeTries = 5
const firstWaitMs = 10_000
const mostWaitMs = 15 * 60_000
/** After so long without a wrong try nothing is remembered. */
const forgetMs = 60 * 60_000
const mostNames = 10_000

/** Makes guessing slow: after a few wrong tries for a name each next one waits twice as long. */
export interface LockOut {
  /** How long this name has to wait, in ms; 0: it may try. */
  waitMs(name: string): number
  failed(name: string): void
  succeeded(name: string): void
}

export function createLockOut(now: () => number): LockOut {
  const names = new Map<string, { tries: number; at: number }>()

  function of(name: string) {
    const known = names.get(name)
    if (known && now() - known.at < forgetMs) return known
    names.delete(name)
    return null
  }

  return {
    waitMs(name) {
      const known = of(name)
      if (!known || known.tries < freeTries) return 0
      const wait = Math.min(mostWaitMs, firstWaitMs * 2 ** (known.tries - freeTries))
      return Math.max(0, known.at + wait - now())
    },
    failed(name) {
      const tries = (of(name)?.tries ?? 0) + 1
      names.delete(name)
      // The oldest goes: who tries many names must not fill the memory.
      const [oldest] = names.size >= mostNames ? names.keys() : []
      if (oldest !== undefined) names.delete(oldest)
      names.set(name, { tries, at: now() })
    },
    succeeded: (name) => void names.delete(name),
  }
}
