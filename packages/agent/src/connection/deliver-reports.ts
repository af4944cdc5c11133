import { setTimeout as sleep } from 'node:timers/promises'
import { ZodError } from 'zod'
import type { Logger } from '../platform/logger.ts'
import { refusalCode, type AgentClient } from './agent-client.ts'
import { manifestParts, type JobEnd, type Outbox } from './outbox.ts'

/** Progress goes out four times a second at most. */
const progressPauseMs = 250

export interface Session {
  readonly client: AgentClient
  readonly id: string
  readonly signal: AbortSignal
  /** Libraries of which the controller knew something else at the hello. */
  readonly differing: readonly string[]
}

/** Sends what is in the outbox for as long as the session lasts; rejects when the controller no longer answers. */
export async function deliverReports(session: Session, outbox: Outbox, log: Logger): Promise<void> {
  const { client, id, signal } = session
  while (!signal.aborted) {
    const filled = whenFilled(outbox, signal)
    for (let end = outbox.nextEnd(); end !== null && !signal.aborted; end = outbox.nextEnd()) {
      await deliverEnd(session, end, log)
      outbox.acknowledge([end.report])
    }
    const progress = outbox.latestProgress(1000)
    if (progress.length > 0 && !signal.aborted) {
      await client.report(id, progress).catch((error: unknown) => {
        if (!isRefused(error)) throw error
        log.warn({ err: error }, 'the controller refused the progress of jobs')
      })
      outbox.acknowledge(progress)
    }
    if (outbox.nextEnd() === null) await filled
  }
}

async function deliverEnd({ client, id }: Session, end: JobEnd, log: Logger): Promise<void> {
  const { jobId } = end.report
  try {
    if (end.manifest) for (const part of manifestParts(end.manifest)) await client.manifest(id, part)
  } catch (error) {
    if (!isRefused(error)) throw error
    log.warn({ jobId, err: error }, 'the controller refused the manifest')
  }
  try {
    await client.report(id, [end.report])
  } catch (error) {
    if (!isRefused(error)) throw error
    // Sent again it would be refused again, and nothing behind it would ever arrive.
    log.error({ jobId, err: error }, 'the controller refused the end of a job')
  }
}

/** The controller understood the call and will not take this one thing; anything else ends the session. */
function isRefused(error: unknown): boolean {
  if (error instanceof ZodError) return true
  const code = refusalCode(error)
  return code === 'BAD_REQUEST' || code === 'NOT_FOUND' || code === 'PAYLOAD_TOO_LARGE'
}

/** At once for the end of a job, after a pause for progress. */
function whenFilled(outbox: Outbox, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  outbox.onFilled = (urgency) => {
    if (urgency === 'now') resolve()
    else sleep(progressPauseMs, undefined, { signal }).then(resolve, resolve)
  }
  signal.addEventListener('abort', () => resolve(), { once: true })
  return promise
}
