import { Payload } from '@varve/protocol/primitives'
import { performAction } from '../actions/perform.ts'
import type { ActionProgress } from '../actions/adapter.ts'
import type { JobContext, JobHandler } from './job-context.ts'
import { manifestUpload } from './manifest-upload.ts'

/** Does one action of a run; repeated after a death it goes on or finds that it is done. */
export const actionJob: JobHandler<'action'> = async ({ action, input, isResumed }, context) => {
  const { ports, signal } = context
  const outcome = await performAction(
    ports.here.adapters,
    { action, input },
    {
      ports: ports.here.actions,
      signal,
      isResumed,
      onProgress: progressOf(context),
      onManifest: (digest, manifest) => context.attachManifest(manifestUpload(digest, manifest)),
    },
  )
  return { kind: 'action', outcome: Payload.parse(outcome) }
}

const parts = 1000

function progressOf(context: JobContext): (progress: ActionProgress) => void {
  const onTransfer = context.onTransfer({ input: 'source' })
  return ({ of, progress }) => {
    if (of === 'transfer') return onTransfer(progress)
    const done = progress.fraction === null ? 0 : Math.round(progress.fraction * parts)
    const total = progress.fraction === null ? null : parts
    const nothing = { seconds: null, skipped: null, rate: null, limitedBy: null, chunkMap: null }
    context.onProgress({ done, total, unit: 'items', ...nothing })
  }
}
