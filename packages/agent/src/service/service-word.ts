import type { AgentWord } from '../agent-process.ts'
import { ConfigError } from '../config.ts'

/** `varve-agent service WORD …` of a system that runs the agent as a service. */
export function wordOfService(
  usage: string,
  commands: Readonly<Record<string, (args: readonly string[]) => Promise<void>>>,
  say: (text: string) => void,
): AgentWord {
  return {
    name: 'service',
    usage,
    start: 'varve-agent service install',
    async run([word = '', ...args]) {
      if (word === '--help') return say(usage.trimEnd())
      const command = Object.hasOwn(commands, word) ? commands[word] : undefined
      if (command === undefined)
        throw new ConfigError(`service ${word}: write install, start, stop, status or remove`)
      await command(args)
    },
  }
}

/** The options of `install`, and whether what was installed is started. */
export function installOptions(args: readonly string[]): {
  readonly isStarted: boolean
  readonly words: readonly string[]
} {
  const words = args.filter((word) => word !== '--no-start')
  return { isStarted: words.length === args.length, words }
}
