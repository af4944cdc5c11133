import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import type { AgentCommand, Hello, Welcome } from '@varve/protocol/agent'
import type { Logger } from '../platform/logger.ts'
import { dialController, type AgentClient, type TakenCommand } from './agent-client.ts'
import { backoffMs } from './backoff.ts'
import { deliverReports, type Session } from './deliver-reports.ts'
import type { Outbox } from './outbox.ts'

/** A session that lasted so long was a good one: the next attempt comes at once. */
const steadyMs = 10_000
const helloTimeoutMs = 30_000

export interface ConnectionOptions {
  readonly url: string
  readonly hello: () => Promise<Hello>
  readonly onCommand: (command: AgentCommand) => void
  /** The number of a command that was taken. */
  readonly onTaken: (sequence: number) => void
  /** A start of a job that this agent cannot read, because the controller is newer or wrong. */
  readonly onNotUnderstood: (jobId: string) => void
  readonly onConnected?: (welcome: Welcome) => void
  /** Runs as long as a session lasts; a rejection ends the session. */
  readonly onSession: (session: Session) => Promise<void>
  readonly outbox: Outbox
  readonly log: Logger
  readonly signal: AbortSignal
  readonly dial?: (url: string) => AgentClient
}

/**
 * Keeps the agent connected until `signal` aborts: dials, says hello, resumes the commands after the last one taken,
 * delivers what the outbox holds, and dials again whenever the connection is lost.
 */
export async function stayConnected(options: ConnectionOptions): Promise<void> {
  const { signal, log, url } = options
  const progress = { lastCommand: null as number | null }
  let attempt = 0
  while (!signal.aborted) {
    const started = performance.now()
    const reason = await runSession(options, progress)
    if (signal.aborted) return
    if (performance.now() - started > steadyMs) attempt = 0
    const waitMs = backoffMs(attempt, Math.random())
    attempt += 1
    log.warn({ controller: url, reason, againInMs: Math.round(waitMs) }, 'not connected')
    await sleep(waitMs, undefined, { signal }).catch(() => {})
  }
}

/** One connection from dial to end; gives the reason why it ended. */
async function runSession(
  options: ConnectionOptions,
  progress: { lastCommand: number | null },
): Promise<string> {
  const { url, log, outbox, signal, dial = dialController } = options
  const ended = new AbortController()
  const client = dial(url)
  const stop = () => client.close()
  signal.addEventListener('abort', stop, { once: true })
  const closed = client.closed.then((reason) => {
    ended.abort()
    return reason
  })
  try {
    const hello = await options.hello()
    const welcome = await Promise.race([client.hello(hello), rejectAfter(helloTimeoutMs, ended.signal)])
    log.info({ controller: url, version: welcome.controllerVersion }, 'connected')
    const session: Session = {
      client,
      id: welcome.session,
      signal: ended.signal,
      differing: welcome.differing,
    }
    options.onConnected?.(welcome)
    client.commands(welcome.session, progress.lastCommand, (taken) => take(taken))
    const delivery = deliverReports(session, outbox, log)
    const work = options.onSession(session)
    await Promise.race([closed, Promise.all([delivery, work])])
    return await closed
  } catch (error) {
    return reasonOf(error)
  } finally {
    signal.removeEventListener('abort', stop)
    client.close()
    ended.abort()
  }

  function take(taken: TakenCommand): void {
    progress.lastCommand = taken.id
    options.onTaken(taken.id)
    if (taken.kind === 'command') options.onCommand(taken.command)
    else if (taken.jobId !== null) options.onNotUnderstood(taken.jobId)
  }
}

/** Why, and what to do where the controller says so. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { data } = Refused.safeParse('data' in error ? error.data : null)
  return data?.problem ? `${error.message}. ${data.problem.remedy}` : error.message
}

const Refused = z.object({ problem: z.object({ remedy: z.string() }).nullable() })

async function rejectAfter(milliseconds: number, signal: AbortSignal): Promise<never> {
  await sleep(milliseconds, undefined, { signal }).catch(() => {
    throw new Error('the connection was lost before the controller answered')
  })
  throw new Error(`the controller did not answer within ${milliseconds / 1000} s`)
}
