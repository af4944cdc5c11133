import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { countOf } from '@varve/core/units/format-bytes'
import { keyFileName } from '@varve/trust/secrets'
import { readSetting } from '../config.ts'
import type { BackupFacts } from '../backup/backup-facts.ts'
import { identitiesIn, type OpenKey } from '../backup/keys.ts'
import { restoreBackup } from '../backup/restore-backup.ts'
import { inWords, told } from './backup-words.ts'
import type { Command } from './command-host.ts'
import { UsageError } from './command-line.ts'
import { asUsage, passphraseOf } from './passphrase-of.ts'

/** `varve controller restore`. */
export async function restoreCommand(command: Command): Promise<void> {
  const { words, data, signal, environment } = command
  const [said = ''] = words.operands
  const identityFile = words.value('identity-file')
  const passphraseFile = words.value('passphrase-file')
  if (identityFile !== null && passphraseFile !== null)
    throw new UsageError('A backup is opened by a passphrase or by a private key: say one of both.')
  const key: OpenKey =
    identityFile === null
      ? { kind: 'passphrase', passphrase: await passphraseOf(command, passphraseFile, { twice: false }) }
      : {
          kind: 'identities',
          identities: identitiesIn(
            asUsage(() => readSetting('--identity-file', identityFile)),
            identityFile,
          ),
        }
  const facts = await restoreBackup({
    file: resolve(said),
    data,
    key,
    keyFrom: identityFile ?? 'passphrase',
    signal,
    now: environment.now,
  })
  const isUnderPassphrase = readFileSync(join(data, keyFileName), 'utf8').includes('"kind":"passphrase"')
  if (words.json) return command.print(JSON.stringify({ data, ...told(facts), isUnderPassphrase }))
  command.print([`${data}: restored`, inWords(facts), ...whatFollows(facts, isUnderPassphrase)].join('\n'))
}

/** What a backup does not know, and what is done because of that. */
function whatFollows({ openRuns, at }: BackupFacts, isUnderPassphrase: boolean): string[] {
  return [
    ...(openRuns.length === 0
      ? []
      : [
          `${countOf(openRuns.length, 'run')} that ${openRuns.length === 1 ? 'was' : 'were'} open then will not be done again by ${openRuns.length === 1 ? 'itself' : 'themselves'}: at its start the controller ends ${openRuns.length === 1 ? 'it' : 'them'} as failed, and people say what goes on (varve runs --fleet).`,
        ]),
    `It knows nothing of what was after ${at}: hosts that joined or got a new certificate since are stopped until you let them in (varve agents allow NAME), and who was revoked since is believed again until you revoke it (varve agents). Join tokens of before are canceled at its start.`,
    ...(isUnderPassphrase
      ? ['Its keys are under a passphrase of their own: start it with --passphrase-file, as before.']
      : []),
    'See to it that the controller that this was a backup of is not running any more.',
  ]
}
