import { useState } from 'react'
import { errorToWords } from '../data/error-to-words.ts'

/** How the start of one of a batch went. */
export type StartOutcome<Started> =
  | { readonly kind: 'started'; readonly started: Started }
  | { readonly kind: 'failed'; readonly reason: string; readonly remedy: string }

/** Starts one after the other; what was started stays started, what failed can be tried again. */
export function useStarts<Started>() {
  const [outcomes, setOutcomes] = useState<ReadonlyMap<string, StartOutcome<Started>>>(() => new Map())
  const [isRunning, setRunning] = useState(false)
  return {
    outcomes,
    isRunning,
    async begin(
      ids: readonly string[],
      startOne: (id: string) => Promise<Started>,
    ): Promise<StartOutcome<Started>[]> {
      setRunning(true)
      const ended: StartOutcome<Started>[] = []
      for (const id of ids) {
        const outcome = await outcomeOf(startOne(id))
        ended.push(outcome)
        setOutcomes((now) => new Map(now).set(id, outcome))
      }
      setRunning(false)
      return ended
    },
  }
}

async function outcomeOf<Started>(start: Promise<Started>): Promise<StartOutcome<Started>> {
  try {
    return { kind: 'started', started: await start }
  } catch (error) {
    const { title, remedy } = errorToWords(error)
    return { kind: 'failed', reason: title, remedy }
  }
}
