import { pino } from 'pino'
import { isDiskError, type DiskError } from '@varve/core/problems/disk-error'
import { bareWords } from '@varve/core/problems/problem-words'
import { agentLog } from './agent-log.ts'
import { stopSignals } from '@varve/engine/system/stop-signals'
import { ConfigError, readConfig, readJoin, usage, type AgentConfig } from './config.ts'
import type { Platform } from './platform/platform.ts'
import { runAgent } from './run-agent.ts'

/** Has the service start the agent anew, as the build that is to run next. */
const startAgain = 75

/** After this the process ends whatever still hangs. */
const lastResortMs = 1900

/** What the agent of one system does besides, when its command line begins with this word. */
export interface AgentWord {
  readonly name: string
  /** Stands below the usage of the agent. */
  readonly usage: string
  /** Starts the agent for good; said to who has joined a fleet. */
  readonly start?: string
  run(args: readonly string[]): Promise<void>
}

/**
 * The agent as a process: reads the configuration, logs to standard error, says `connected …` on standard output after
 * each welcome of the controller, ends at SIGINT, SIGTERM or SIGHUP. Exit codes: 0 stopped, 2 wrong
 * configuration, 75 to be started anew as another build, 1 anything else.
 */
export async function runAgentProcess(
  makePlatform: () => Platform,
  words: readonly AgentWord[] = [],
): Promise<void> {
  try {
    const [first, ...rest] = process.argv.slice(2)
    if (first === 'join') return await join(rest, words)
    const word = words.find(({ name }) => name === first)
    if (word) return await word.run(rest)
    const config = readConfig()
    if (config === null) process.stdout.write([usage, ...words.map((word) => word.usage)].join('\n'))
    else await runConfigured(config, makePlatform())
  } catch (error) {
    if (isDiskError(error)) {
      const reason = isDiskError(error, 'refused') ? error.details.reason : wordsOf(error)
      process.stderr.write(`varve agent: ${reason}\n  ${error.remedy}\n`)
      process.exitCode = 1
      return
    }
    const isMistake = error instanceof ConfigError
    const detail = error instanceof Error ? (error.stack ?? error.message) : String(error)
    process.stderr.write(isMistake ? `varve agent: ${error.message}\n` : `varve agent: ${detail}\n`)
    process.exitCode = isMistake ? 2 : 1
  }
}

/** A service has no layer. */
function wordsOf(error: DiskError): string {
  return isDiskError(error, 'service-failed') ? bareWords(error) : error.message
}

async function join(args: readonly string[], words: readonly AgentWord[]): Promise<void> {
  const command = readJoin(args)
  if (command === null) {
    process.stdout.write(usage)
    return
  }
  const { joinFleet } = await import('./trust/join-fleet.ts')
  const { name, fleet, notAfter } = await joinFleet(command)
  const start = words.find((word) => word.start !== undefined)?.start ?? 'varve agent'
  process.stdout.write(
    `joined as ${name}, fleet ${fleet}; the certificate is good until ${notAfter.slice(0, 10)} and renews itself\n` +
      `Start it with: ${start} --library images=FOLDER --nbd-host ADDRESS --data ${command.folder}\n` +
      'One that runs on that folder already has to be started anew.\n',
  )
}

/** Runs the agent until it is ended by a signal, or is to be started anew; the process ends with it. */
export async function runConfigured(config: AgentConfig, platform: Platform): Promise<void> {
  const log = agentLog(config, pino.destination({ dest: 2, sync: true }))
  // Whoever read the lines may have gone; the agent goes on.
  process.stdout.on('error', () => {})
  const agent = await runAgent({
    config,
    platform,
    log,
    onConnected: () => process.stdout.write(`connected ${config.name} to ${config.controller}\n`),
  })
  const signal = await Promise.race([
    new Promise<string>((resolve) => {
      for (const name of stopSignals()) process.once(name, () => resolve(name))
    }),
    agent.due.then(() => null),
  ])
  log.info({ signal }, 'stopping')
  setTimeout(() => process.exit(1), lastResortMs).unref()
  await agent.stop()
  process.exit(signal === null ? startAgain : 0)
}
