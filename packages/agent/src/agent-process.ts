import { pino } from 'pino'
import { stopSignals } from '@varve/engine/system/stop-signals'
import { ConfigError, readConfig, usage, type AgentConfig } from './config.ts'
import type { Platform } from './platform/platform.ts'
import { runAgent } from './run-agent.ts'

/** After this the process ends whatever still hangs. */
const lastResortMs = 1900

/**
 * The agent as a process: reads the configuration, logs to standard error, says `connected …` on standard output after
 * each welcome of the controller, ends at SIGINT, SIGTERM or SIGHUP. Exit codes: 0 stopped, 2 wrong configuration, 1 anything else.
 */
export async function runAgentProcess(makePlatform: () => Platform): Promise<void> {
  try {
    const config = readConfig()
    if (config === null) process.stdout.write(usage)
    else await run(config, makePlatform())
  } catch (error) {
    const isMistake = error instanceof ConfigError
    const detail = error instanceof Error ? (error.stack ?? error.message) : String(error)
    process.stderr.write(isMistake ? `varve agent: ${error.message}\n` : `varve agent: ${detail}\n`)
    process.exitCode = isMistake ? 2 : 1
  }
}

async function run(config: AgentConfig, platform: Platform): Promise<void> {
  const log = pino(
    { level: config.logLevel, base: { agent: config.name } },
    pino.destination({ dest: 2, sync: true }),
  )
  // Whoever read the lines may have gone; the agent goes on.
  process.stdout.on('error', () => {})
  const agent = await runAgent({
    config,
    platform,
    log,
    onConnected: () => process.stdout.write(`connected ${config.name} to ${config.controller}\n`),
  })
  const signal = await new Promise<string>((resolve) => {
    for (const name of stopSignals()) process.once(name, () => resolve(name))
  })
  log.info({ signal }, 'stopping')
  setTimeout(() => process.exit(1), lastResortMs).unref()
  await agent.stop()
  process.exit(0)
}
