import { randomBytes } from 'node:crypto'
import type { Action } from '@varve/operations/actions/action'
import { listAttached } from '@varve/operations/actions/list-attached'
import { listPlaces } from '@varve/operations/actions/list-places'
import type { Jobs } from './agents/jobs.ts'
import type { Services } from './router/context.ts'

/** What the API asks hosts of their places and devices: looking. What changes them is a run. */
export function placesService(jobs: Jobs): Services['places'] {
  async function ask<Outcome>(
    host: string,
    action: Pick<Action<never, Outcome>, 'name' | 'outcome'>,
    { title, signal }: { readonly title: string; readonly signal: AbortSignal | undefined },
  ): Promise<Outcome> {
    const { name } = action
    const { outcome } = await jobs.start<'action'>(
      host,
      { kind: 'action', action: name, input: {}, isResumed: false },
      {
        idempotencyKey: `${name}/${randomBytes(9).toString('hex')}`,
        title,
        noProgressSeconds: 60,
        signal: signal ?? new AbortController().signal,
      },
    )
    return action.outcome.parse(outcome)
  }
  return {
    list: async (host, signal) => ask(host, listPlaces, { title: 'Look at its places', signal }),
    attached: async (host, signal) => ask(host, listAttached, { title: 'Look what is attached', signal }),
  }
}
