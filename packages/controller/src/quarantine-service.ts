import { randomBytes } from 'node:crypto'
import type { Jobs } from './agents/jobs.ts'
import type { Services } from './router/context.ts'

/** What the API does with quarantines: looking. What changes them is a run. */
export function quarantineService(jobs: Jobs): Services['quarantine'] {
  return {
    async list(host, signal = new AbortController().signal) {
      const { kind: _, ...found } = await jobs.start<'quarantine'>(
        host,
        { kind: 'quarantine' },
        {
          idempotencyKey: `quarantine/${randomBytes(9).toString('hex')}`,
          title: 'List what lies in quarantine',
          noProgressSeconds: 60,
          signal,
        },
      )
      return found
    },
  }
}
