import { setTimeout as sleep } from 'node:timers/promises'
import type { ToolCommand, ToolRunner } from '@varve/agent/tools/tool-command'
import { bootout, bootstrap, enable, kickstart, printService } from '../tools/launchctl/commands.ts'
import type { PrintedService } from '../tools/launchctl/output.ts'
import { label, type ServicePlace } from './definition.ts'
import { launchFault, serviceFault } from './service-fault.ts'

/** How long launchd is waited for; tests bring others. */
export interface LaunchTimes {
  readonly askMs: number
  readonly patienceMs: number
  /** A process that lives so long has started. */
  readonly settledMs: number
}

const usualTimes: LaunchTimes = { askMs: 250, patienceMs: 40_000, settledMs: 3000 }

export interface LaunchTools {
  readonly runner: ToolRunner
  readonly place: ServicePlace
  readonly launchctl?: string
  readonly times?: LaunchTimes
}

/** What a service does, as it is read back. */
export interface ServiceStatus {
  readonly state: string
  readonly pid: number | null
  readonly lastExit: number | null
}

/** The service as launchd has it: started, stopped and read back. */
export function launchdOf({ runner, place, launchctl = '/bin/launchctl', times = usualTimes }: LaunchTools) {
  const { domain, plist, log } = place
  const target = `${domain}/${label}`
  const ask = async <Output>(what: string, command: ToolCommand<Output>): Promise<Output> => {
    try {
      return await runner.run(command, { path: launchctl, file: label })
    } catch (error) {
      throw launchFault(error, { what, log })
    }
  }
  const printed = async () => ask('ask for it', printService(target))

  /** Waits until it has stayed a process for a while; throws `service-failed` when it ends instead. */
  const untilRunning = async (before: number): Promise<ServiceStatus> => {
    const until = performance.now() + times.patienceMs
    let since = { pid: 0, at: 0 }
    for (;;) {
      const now = performance.now()
      const service = await printed()
      if (service === null) throw serviceFault('absent', { what: 'start it', log })
      const { pid, runs, lastExit } = service
      if (pid !== null && pid !== since.pid) since = { pid, at: now }
      if (pid !== null && now - since.at >= times.settledMs) return statusOf(service)
      const hasEnded = pid === null && (runs ?? 0) > before && lastExit !== null
      if (hasEnded) throw serviceFault('no-start', { what: 'start it', log, code: lastExit })
      if (now > until) throw serviceFault('no-answer', { what: 'start it', log })
      await sleep(times.askMs)
    }
  }

  return {
    /** Null: launchd does not know it, which is how it is stopped. */
    async status(): Promise<ServiceStatus | null> {
      const service = await printed()
      return service === null ? null : statusOf(service)
    },
    async start(): Promise<ServiceStatus> {
      const known = await printed()
      await ask('start it', enable(target))
      if (known === null) await ask('start it', bootstrap(domain, plist))
      else if (known.pid === null) await ask('start it', kickstart(target))
      return await untilRunning(known?.runs ?? 0)
    },
    /** Has launchd forget it until it is started, or the Mac is. */
    async stop(): Promise<void> {
      const until = performance.now() + times.patienceMs
      while ((await printed()) !== null) {
        await ask('stop it', bootout(target))
        if (performance.now() > until) throw serviceFault('no-answer', { what: 'stop it', log })
        if ((await printed()) !== null) await sleep(times.askMs)
      }
    },
  }
}

function statusOf({ state, pid, lastExit }: PrintedService): ServiceStatus {
  return { state: pid === null ? (state ?? 'not running') : 'running', pid, lastExit }
}
