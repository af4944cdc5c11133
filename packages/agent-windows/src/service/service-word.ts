import { agentLog } from '@varve/agent/agent-log'
import type { AgentWord } from '@varve/agent/agent-process'
import type { Platform } from '@varve/agent/platform/platform'
import { runAgent } from '@varve/agent/run-agent'
import { keptConfig, withoutMore } from '@varve/agent/service/service-config'
import { installOptions, wordOfService } from '@varve/agent/service/service-word'
import { serviceData } from '../config.ts'
import { serviceName } from './definition.ts'
import { eventOfLog } from './event-of-log.ts'
import { installService, removeService, startService, stopService, type ServiceTools } from './install.ts'
import { runService, type ServiceBody } from './run-service.ts'
import { serviceFault, systemCodes } from './service-fault.ts'
import type { EventLog, ServiceProcess, ServiceStatus } from './service-system.ts'

export const usage = `varve-agent service WORD: the agent as a service of this Windows, as an administrator

  install                installs it with the options above, lets its account into the libraries, starts it;
                         again: changes it and starts it anew, with the options of before where none are said
    --no-start           leaves it stopped
  start, stop, status    each waits for the end; status ends with 0 when it runs, else with 1
  remove                 stops it and takes it away with its rights; images and --data FOLDER stay
`

/** What the word needs besides the tools of its commands. */
export interface ServiceWordOptions extends ServiceTools {
  readonly process: ServiceProcess
  readonly makePlatform: () => Platform
  readonly say: (text: string) => void
  /** What the process ends with when it has nothing more to do. */
  readonly setCode: (code: number) => void
  /** Ends the process at once. */
  readonly exit: (code: number) => void
}

/** `varve-agent service …`. */
export function serviceWord(options: ServiceWordOptions): AgentWord {
  const { say, setCode, exit } = options
  const commands: Readonly<Record<string, (args: readonly string[]) => Promise<void>>> = {
    async install(args) {
      const { isStarted, words } = installOptions(args)
      const { status, account, data, libraries, remarks } = await installService(options, words, {
        isStarted,
      })
      say(
        [
          status === null
            ? `${serviceName} is installed.`
            : `${serviceName} is installed and runs: ${said(status)}.`,
          `  account  ${account}`,
          `  data     ${data}`,
          ...libraries.map(({ name, path }) => `  library  ${name}=${path}`),
          ...remarks.map((remark) => `  ${remark}`),
        ].join('\n'),
      )
    },
    async start(args) {
      withoutMore(args)
      say(`${serviceName} runs: ${said(await startService(options))}.`)
    },
    async stop(args) {
      withoutMore(args)
      await stopService(options)
      say(`${serviceName} has stopped.`)
    },
    async status(args) {
      withoutMore(args)
      const status = options.system.services.status(serviceName)
      const defined = options.system.services.defined(serviceName)
      if (status === null || defined === null)
        throw serviceFault(serviceName, 'ask for it', systemCodes.absent)
      say(`${serviceName}: ${said(status)}\n  account  ${defined.account}\n  starts   ${defined.commandLine}`)
      if (status.state !== 'running') setCode(1)
    },
    async remove(args) {
      const { wasThere, remarks } = await removeService(options, args)
      const first = wasThere
        ? `${serviceName} is removed; images were left alone.`
        : `${serviceName} was not installed.`
      say([first, ...remarks.map((one) => `  ${one}`)].join('\n'))
    },
    async run(args) {
      exit(await run(options, args))
    },
  }
  return wordOfService(usage, commands, say)
}

function said({ state, pid, exitCode, ownCode }: ServiceStatus): string {
  if (pid !== null) return `${state}, process ${pid}`
  const code = exitCode === systemCodes.ownCode ? ownCode : exitCode
  return code === 0 ? state : `${state}, ended with ${code}`
}

/** As the system starts it: what is wrong with its settings is an event, since nobody sees what it writes. */
async function run(
  { process, system, makePlatform }: ServiceWordOptions,
  args: readonly string[],
): Promise<number> {
  const data = serviceData(args)
  using events = openEvents(system.events)
  return await runService({
    name: serviceName,
    process,
    events,
    start: () => start(data, events, makePlatform),
  })
}

function openEvents(logs: ServiceWordOptions['system']['events']): EventLog | null {
  try {
    return logs.open(serviceName)
  } catch {
    // It runs without.
    return null
  }
}

async function start(
  data: string,
  events: EventLog | null,
  makePlatform: () => Platform,
): Promise<ServiceBody> {
  const config = await keptConfig(data)
  const log = agentLog(config, {
    write(line) {
      const event = eventOfLog(line)
      if (event !== null) events?.report(event)
    },
  })
  return await runAgent({ config, platform: makePlatform(), log })
}
