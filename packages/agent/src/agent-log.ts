import { pino, type DestinationStream } from 'pino'
import type { AgentConfig } from './config.ts'
import type { Logger } from './platform/logger.ts'

/** The log of an agent, a line of JSON each. */
export function agentLog(
  { name, logLevel }: Pick<AgentConfig, 'name' | 'logLevel'>,
  destination: DestinationStream,
): Logger {
  return pino({ level: logLevel, base: { agent: name } }, destination)
}
