import { setTimeout as sleep } from 'node:timers/promises'
import { serviceError, serviceFault, systemCodes } from './service-fault.ts'
import type { ServiceControl, ServiceStatus } from './service-system.ts'

export interface WaitTimes {
  readonly askMs: number
  /** Without a step forward, unless the service said that it takes longer. */
  readonly patienceMs: number
}

const usualTimes: WaitTimes = { askMs: 250, patienceMs: 30_000 }

/** What is waited with; tests bring others. */
export interface Waiting {
  readonly services: ServiceControl
  readonly times?: WaitTimes
}

/** Waits until it runs; throws `service-failed` when it ends instead, or makes no step forward. */
export async function waitUntilRunning(name: string, waiting: Waiting): Promise<ServiceStatus> {
  const status = await settled(name, 'start it', waiting)
  if (status?.state === 'running') return status
  if (status === null) throw serviceFault(name, 'start it', systemCodes.absent)
  const code = status.exitCode === systemCodes.ownCode ? status.ownCode : status.exitCode
  throw serviceError(name, { what: 'start it', why: 'no-start', code })
}

/** Waits until it neither starts nor stops; one that does cannot be asked for anything. */
export async function waitUntilSettled(name: string, waiting: Waiting): Promise<void> {
  await settled(name, 'stop it', waiting)
}

/** Waits until it has ended, if it is there; throws `service-failed` when it makes no step forward. */
export async function waitUntilStopped(name: string, waiting: Waiting): Promise<void> {
  await settled(name, 'stop it', waiting, ({ state }) => state === 'stopped')
}

/** Waits until nobody has the removed service open. */
export async function waitUntilGone(name: string, waiting: Waiting): Promise<void> {
  await settled(name, 'remove it', waiting, () => false)
}

/** Null: it is not there. */
async function settled(
  name: string,
  what: string,
  { services, times = usualTimes }: Waiting,
  isSettled = ({ state }: ServiceStatus) => state === 'running' || state === 'stopped',
): Promise<ServiceStatus | null> {
  let seen = ''
  let until = 0
  for (;;) {
    const status = services.status(name)
    if (status === null || isSettled(status)) return status
    const { state, checkPoint, waitHintMs } = status
    const now = performance.now()
    if (seen !== `${state} ${checkPoint}`) {
      seen = `${state} ${checkPoint}`
      until = now + Math.max(times.patienceMs, waitHintMs)
    }
    if (now > until)
      throw serviceFault(name, what, what === 'remove it' ? systemCodes.markedForDelete : noAnswer)
    await sleep(times.askMs)
  }
}

const noAnswer = systemCodes.noProcess
