/** Who waits for a short answer now, so that work that can wait lets them go first. */
export interface Courtesy {
  /** Somebody has asked; call what this gives when the answer is out. */
  asked(): () => void
  isAsked(): boolean
}

/** Who has waited longer is busy with something large, such as a download, and is not waited for. */
const shortMs = 1000

export function createCourtesy(clock: () => number = () => performance.now()): Courtesy {
  /** Times at which those who wait have asked, oldest first. */
  const waiting = new Set<{ readonly at: number }>()
  return {
    asked() {
      const one = { at: clock() }
      waiting.add(one)
      return () => void waiting.delete(one)
    },
    isAsked() {
      const since = clock() - shortMs
      for (const one of waiting) {
        if (one.at >= since) return true
        waiting.delete(one)
      }
      return false
    },
  }
}
