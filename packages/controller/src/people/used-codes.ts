import { createHash } from 'node:crypto'

/** A code of an app is believed in the half minute that it is of, and in those beside it. */
const codeLifeMs = 120_000

/** Codes of apps that have let somebody in, until they are over by themselves: each does so once. */
export interface UsedCodes {
  /** False: it was taken before. */
  take(person: string, code: string): boolean
}

export function createUsedCodes(now: () => number = Date.now): UsedCodes {
  const used = new Map<string, number>()
  return {
    take(person, code) {
      const at = now()
      for (const [known, until] of used) if (until <= at) used.delete(known)
      const key = createHash('sha256')
        .update(JSON.stringify([person, code]))
        .digest('base64url')
      if (used.has(key)) return false
      used.set(key, at + codeLifeMs)
      return true
    },
  }
}
