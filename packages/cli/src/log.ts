import { silentLogger, type Logger } from '@varve/agent/platform/logger'
import { UsageError } from './command.ts'

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const
export type LogLevel = (typeof logLevels)[number]

interface Wanted {
  /** What `VARVE_LOG` says. */
  readonly level: string | null
  /** `--verbose`. */
  readonly isVerbose: boolean
}

/** The log of a command, one JSON document per line of standard error; it is loaded only when somebody wants to read it. */
export async function openLog({ level, isVerbose }: Wanted): Promise<Logger> {
  const said = level === null || level === '' ? null : logLevels.find((name) => name === level.toLowerCase())
  if (said === undefined) throw new UsageError(`VARVE_LOG is one of ${logLevels.join(', ')}.`)
  const wanted = isVerbose && (said === null || !isAtLeastDebug(said)) ? 'debug' : (said ?? 'silent')
  if (wanted === 'silent') return silentLogger
  const { pino } = await import('pino')
  const log: Logger = pino({ level: wanted, base: null }, pino.destination({ dest: 2, sync: true }))
  return log
}

function isAtLeastDebug(level: LogLevel): boolean {
  return level === 'debug' || level === 'trace'
}
