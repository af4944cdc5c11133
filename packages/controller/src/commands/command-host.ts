import type { KeepingEnvironment } from '../config.ts'
import type { Terminal } from './ask-passphrase.ts'
import type { CommandWords } from './command-line.ts'

/** What a command is called with beside its words. */
export interface CommandHost {
  readonly environment: KeepingEnvironment
  /** Where a passphrase is asked for; null: there is no terminal. */
  readonly terminal: Terminal | null
  readonly signal: AbortSignal
  print(text: string): void
  remark(text: string): void
}

/** A command whose words are understood. */
export interface Command extends CommandHost {
  readonly words: CommandWords
  /** The data folder that it is about. */
  readonly data: string
}
