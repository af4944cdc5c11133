import { join, resolve } from 'node:path'
import { formatBytes } from '@varve/core/units/format-bytes'
import type { SealKey } from '../backup/keys.ts'
import { makeBackup } from '../backup/make-backup.ts'
import { inWords, told } from './backup-words.ts'
import type { Command } from './command-host.ts'
import { UsageError } from './command-line.ts'
import { passphraseOf } from './passphrase-of.ts'

/** The shortest passphrase that a backup is made with: it is tried offline by whoever has the file. */
const leastLetters = 10

const stages = {
  copy: 'copying and checking the databases',
  write: 'packing and encrypting',
  prove: 'reading it back',
} as const

/** `varve controller backup`. */
export async function backupCommand(command: Command): Promise<void> {
  const { words, data, signal, environment } = command
  const said = words.value('to')
  if (said === null || said === '') throw new UsageError('Say the file of the backup: --to FILE.')
  const recipients = words.values('recipient')
  const file = words.value('passphrase-file')
  if (recipients.length > 0 && file !== null)
    throw new UsageError('A backup is encrypted by a passphrase or to recipients: say one of both.')
  const key: SealKey =
    recipients.length > 0
      ? { kind: 'recipients', recipients }
      : { kind: 'passphrase', passphrase: await newPassphrase(command, file ?? null) }
  const made = await makeBackup({
    data,
    to: resolve(said),
    key,
    overwrite: words.isSet('overwrite'),
    signal,
    now: environment.now,
    onStage: (stage) => command.terminal && command.remark(stages[stage]),
  })
  const { facts, path, size, leftOut } = made
  for (const name of leftOut)
    command.remark(`${join(data, name)} is none of the controller's: it is not in the backup.`)
  if (words.json) return command.print(JSON.stringify({ path, size, ...told(facts), leftOut }))
  const opens = key.kind === 'passphrase' ? 'its passphrase' : 'the private key of a recipient'
  command.print(
    `${path}: ${formatBytes(size)}, read back and proven\n${inWords(facts)}\nIt has the keys of the fleet in it. Keep it, and ${opens} elsewhere: without that nobody opens it.`,
  )
}

async function newPassphrase(command: Command, file: string | null): Promise<string> {
  const passphrase = await passphraseOf(command, file, { twice: true })
  if (Array.from(passphrase).length >= leastLetters) return passphrase
  throw new UsageError(
    `The passphrase has fewer than ${leastLetters} characters: who has the file can try all of those.`,
  )
}
