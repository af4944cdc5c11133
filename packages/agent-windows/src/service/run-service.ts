import { setTimeout as sleep } from 'node:timers/promises'
import type { EventLog, ServiceAsk, ServiceProcess, ServiceReport } from './service-system.ts'

/** What a service is there for, while it runs. */
export interface ServiceBody {
  stop(): Promise<void>
  /** Settles when it is to end and be started anew. */
  readonly due: Promise<void>
}

export interface ServiceTimes {
  /** How often it tells that it is still at its start or its end. */
  readonly tickMs: number
  /** What it says is waited for from one of these to the next. */
  readonly waitHintMs: number
  /** After this its end is not waited for any more. */
  readonly lastResortMs: number
}

const usualTimes: ServiceTimes = { tickMs: 1000, waitHintMs: 10_000, lastResortMs: 12_000 }

/** What the service ends with besides 0: it failed, or is to be started anew as another build. */
export const ownCodes = { failed: 1, startAnew: 75 } as const

/** Ids in the event log; those of warnings and errors are of the agent's log. */
export const eventIds = { started: 1, stopping: 2, stopped: 3, warning: 10, error: 11 } as const

export interface RunServiceOptions {
  readonly name: string
  readonly process: ServiceProcess
  /** Null: there is none. */
  readonly events: EventLog | null
  readonly start: () => Promise<ServiceBody>
  readonly times?: ServiceTimes
}

/**
 * Runs `start` as the service that the system started this process as, and tells the system how far it is, until it has
 * stopped. Gives the code that it stopped with; throws `service-failed` when the system did not start this process.
 */
export async function runService(options: RunServiceOptions): Promise<number> {
  const { name, process, events, start, times = usualTimes } = options
  const begun = Promise.withResolvers<void>()
  const asked = Promise.withResolvers<ServiceAsk>()
  const served = process.serve(name, { started: begun.resolve, asked: asked.resolve })
  await Promise.race([begun.promise, served])

  const report = (state: ServiceReport['state'], more: Partial<ServiceReport> = {}) =>
    process.report({ state, checkPoint: 0, waitHintMs: 0, ownCode: 0, ...more })

  /** Shows the system that `work` goes on. */
  async function during<T>(state: ServiceReport['state'], work: Promise<T>): Promise<T> {
    let checkPoint = 1
    const tell = () => report(state, { checkPoint: checkPoint++, waitHintMs: times.waitHintMs })
    tell()
    const ticks = setInterval(tell, times.tickMs)
    try {
      return await work
    } finally {
      clearInterval(ticks)
    }
  }

  async function live(): Promise<number> {
    const body = await during('start-pending', start())
    report('running')
    events?.report({ kind: 'information', id: eventIds.started, text: `${name} runs.` })
    const why = await Promise.race([asked.promise, body.due.then(() => 'due' as const)])
    events?.report({ kind: 'information', id: eventIds.stopping, text: `${name} stops: ${reasons[why]}.` })
    const isOver = await during(
      'stop-pending',
      Promise.race([body.stop().then(() => true), sleep(times.lastResortMs, false, { ref: false })]),
    )
    if (!isOver) throw new Error(`it did not end within ${times.lastResortMs / 1000} seconds`)
    return why === 'due' ? ownCodes.startAnew : 0
  }

  let ownCode: number
  try {
    ownCode = await live()
    events?.report({ kind: 'information', id: eventIds.stopped, text: `${name} has stopped.` })
  } catch (error) {
    ownCode = ownCodes.failed
    const said = error instanceof Error ? error.message : String(error)
    events?.report({ kind: 'error', id: eventIds.error, text: `${name} has failed: ${said}` })
  }
  report('stopped', { ownCode })
  await served
  return ownCode
}

const reasons: Readonly<Record<ServiceAsk | 'due', string>> = {
  stop: 'it was asked to',
  shutdown: 'the system shuts down',
  due: 'it is to be started anew as another build',
}
