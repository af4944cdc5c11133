import type { AgentWord } from '@varve/agent/agent-process'
import type { AgentConfig } from '@varve/agent/config'
import { keptConfig, withoutMore } from '@varve/agent/service/service-config'
import { installOptions, wordOfService } from '@varve/agent/service/service-word'
import { serviceData } from '../config.ts'
import { label } from './definition.ts'
import {
  dataOf,
  installService,
  removeService,
  serviceStatus,
  startService,
  stopService,
  type ServiceTools,
} from './install.ts'
import type { ServiceStatus } from './launchd.ts'

const usage = `varve-agent service WORD: the agent as a service of launchd: with sudo that of this Mac, else that of your session

  install                installs it with the options above and starts it;
                         again: changes it and starts it anew, with the options of before where none are said
    --no-start           leaves it stopped
  start, stop, status    each waits for the end; status ends with 0 when it runs, else with 1
  remove                 stops it and takes it away; images and --data FOLDER stay
`

/** What the word needs besides the tools of its commands. */
export interface ServiceWordOptions extends ServiceTools {
  readonly say: (text: string) => void
  /** What the process ends with when it has nothing more to do. */
  readonly setCode: (code: number) => void
  /** The agent itself, until it ends. */
  readonly run: (config: AgentConfig) => Promise<void>
}

/** `varve-agent service …`. */
export function serviceWord(options: ServiceWordOptions): AgentWord {
  const { say, setCode, run, place } = options
  const commands: Readonly<Record<string, (args: readonly string[]) => Promise<void>>> = {
    async install(args) {
      const { isStarted, words } = installOptions(args)
      const { status, data, libraries } = await installService(options, words, { isStarted })
      say(
        [
          status === null ? `${label} is installed.` : `${label} is installed and runs: ${said(status)}.`,
          `  runs     ${place.domain === 'system' ? 'as root, from the start of this Mac' : 'as you, while you are logged in'}`,
          `  defined  ${place.plist}`,
          `  data     ${data}`,
          `  log      ${place.log}`,
          ...libraries.map(({ name, path }) => `  library  ${name}=${path}`),
        ].join('\n'),
      )
    },
    async start(args) {
      withoutMore(args)
      say(`${label} runs: ${said(await startService(options))}.`)
    },
    async stop(args) {
      withoutMore(args)
      await stopService(options)
      say(`${label} has stopped.`)
    },
    async status(args) {
      withoutMore(args)
      const { status, program } = await serviceStatus(options)
      const state = status === null ? 'stopped' : said(status)
      say(`${label}: ${state}\n  data     ${dataOf(program) ?? 'unknown'}\n  starts   ${program.join(' ')}`)
      if (status?.pid === null || status === null) setCode(1)
    },
    async remove(args) {
      withoutMore(args)
      const wasThere = await removeService(options)
      say(wasThere ? `${label} is removed; images were left alone.` : `${label} was not installed.`)
    },
    async run(args) {
      await run(await keptConfig(serviceData(args)))
    },
  }
  return wordOfService(usage, commands, say)
}

function said({ state, pid, lastExit }: ServiceStatus): string {
  if (pid !== null) return `running, process ${pid}`
  return lastExit === null || lastExit === 0 ? state : `${state}, ended with ${lastExit}`
}
