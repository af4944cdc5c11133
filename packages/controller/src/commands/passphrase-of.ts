import { firstLineOf } from '../config.ts'
import { askPassphrase } from './ask-passphrase.ts'
import type { Command } from './command-host.ts'
import { UsageError } from './command-line.ts'

/** The passphrase of a backup: from a file, the environment, or whoever sits at the terminal. */
export async function passphraseOf(
  { environment, terminal }: Command,
  file: string | null,
  how: { readonly twice: boolean },
): Promise<string> {
  if (file !== null) return asUsage(() => firstLineOf('--passphrase-file', file))
  if (environment.passphrase !== null) return environment.passphrase
  if (terminal !== null) return await askPassphrase(terminal, how)
  throw new UsageError(
    'There is no terminal to ask for the passphrase: say --passphrase-file FILE, or VARVE_BACKUP_PASSPHRASE.',
  )
}

/** What a setting holds; what is wrong with it is wrong use. */
export function asUsage(read: () => string): string {
  try {
    return read()
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}
