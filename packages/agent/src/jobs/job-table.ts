import { findAction } from '@varve/operations/actions/action-table'
import type { Lane } from '@varve/operations/actions/action'
import type { JobKind, JobRequestOf } from '@varve/protocol/jobs'
import { actionJob } from './action.ts'
import { digestJob } from './digest.ts'
import { discardJob } from './discard.ts'
import { exportJob } from './export.ts'
import { inspectJob } from './inspect.ts'
import type { JobHandler } from './job-context.ts'
import { measureJob } from './measure.ts'
import { planJob } from './plan.ts'
import { proofsJob } from './proofs.ts'
import { publishJob } from './publish.ts'
import { pullJob } from './pull.ts'
import { quarantineJob } from './quarantine.ts'
import { receiveJob } from './receive.ts'
import { releaseJob } from './release.ts'
import { sendJob } from './send.ts'
import { updateJob } from './update.ts'
import { verifyJob } from './verify.ts'

/** How many jobs of each lane run at once; more wait for their turn. */
export const laneWidth: Readonly<Record<Lane | 'streams', number>> = { transfer: 4, short: 16, streams: 16 }

export type JobLane = keyof typeof laneWidth

interface JobRow<K extends JobKind> {
  readonly lane: JobLane | ((request: JobRequestOf<K>) => JobLane)
  readonly run: JobHandler<K>
}

/** What an agent can be asked to do; a new kind is its file and one line here. */
export const jobTable: { readonly [K in JobKind]: JobRow<K> } = {
  inspect: { lane: 'short', run: inspectJob },
  digest: { lane: 'transfer', run: digestJob },
  export: { lane: 'short', run: exportJob },
  release: { lane: 'short', run: releaseJob },
  measure: { lane: 'short', run: measureJob },
  pull: { lane: 'transfer', run: pullJob },
  verify: { lane: 'transfer', run: verifyJob },
  publish: { lane: 'short', run: publishJob },
  discard: { lane: 'short', run: discardJob },
  plan: { lane: 'short', run: planJob },
  quarantine: { lane: 'short', run: quarantineJob },
  proofs: { lane: 'short', run: proofsJob },
  // They go at the pace of a browser, which may be slow: they keep no transfer waiting.
  send: { lane: 'streams', run: sendJob },
  receive: { lane: 'streams', run: receiveJob },
  update: { lane: 'streams', run: updateJob },
  action: { lane: ({ action }) => findAction(action).lane, run: actionJob },
}
