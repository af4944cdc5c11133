import { isDiskError } from '@varve/core/problems/disk-error'
import { ConfigError, namesLibraries, readConfig, type AgentConfig } from '../config.ts'
import { readSettings } from './settings.ts'

/** What the service of that data folder is to run with: as before, and what is said now over it; throws `ConfigError`. */
export async function serviceConfig(args: readonly string[], data: string): Promise<AgentConfig> {
  const isNamed = namesLibraries() || args.some((word) => /^--library(?:=|$)/u.test(word))
  const kept = await readSettings(data).catch((error: unknown) => {
    // Whoever says all that matters mends them.
    if (isNamed && isDiskError(error, 'refused')) return null
    throw error
  })
  const words = isNamed ? withoutLibraries(kept ?? []) : (kept ?? [])
  const config = readConfig([...words, ...args, '--data', data])
  if (config === null) throw new ConfigError('varve-agent service --help tells how it is written')
  return config
}

/** As the service runs: from its settings alone; throws `ConfigError`. */
export async function keptConfig(data: string): Promise<AgentConfig> {
  const words = await readSettings(data)
  if (words === null) throw new ConfigError(`${data} has no settings of the service: install it again`)
  const config = readConfig([...words, '--data', data])
  if (config === null) throw new ConfigError(`${data} has settings that ask for help: install it again`)
  return config
}

function withoutLibraries(words: readonly string[]): string[] {
  return words.filter((word, index) => word !== '--library' && words[index - 1] !== '--library')
}

/** What the service is to be started with; what a membership says is read anew at each start. */
export function wordsOf(config: AgentConfig): string[] {
  const { libraries, nbdHost, logLevel, name, controller, membership } = config
  return [
    ...libraries.flatMap((library) => ['--library', `${library.name}=${library.path}`]),
    '--nbd-host',
    nbdHost,
    '--log-level',
    logLevel,
    ...(membership === null ? ['--name', name] : []),
    ...(membership?.controller === controller ? [] : ['--controller', controller]),
  ]
}

/** A command of the service that takes no more words; throws `ConfigError` when there are some. */
export function withoutMore([first]: readonly string[]): void {
  if (first !== undefined) throw new ConfigError(`${first}: it takes no more words`)
}
