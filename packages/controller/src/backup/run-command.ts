import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { DiskError, toErrorRecord } from '@varve/core/problems/disk-error'
import { countOf, formatBytes } from '@varve/core/units/format-bytes'
import type { ControllerCommandName } from '@varve/protocol/controller-commands'
import { keyFileName } from '@varve/trust/secrets'
import { firstLineOf, readSetting, type KeepingEnvironment } from '../config.ts'
import { askPassphrase, type Terminal } from './ask-passphrase.ts'
import type { BackupFacts } from './backup-facts.ts'
import { helpOf, readWords, UsageError, type CommandWords } from './command-line.ts'
import { identitiesIn, type OpenKey, type SealKey } from './keys.ts'
import { makeBackup } from './make-backup.ts'
import { restoreBackup } from './restore-backup.ts'

/** What a command is called with beside its words. */
export interface CommandHost {
  readonly environment: KeepingEnvironment
  /** Where a passphrase is asked for; null: there is no terminal. */
  readonly terminal: Terminal | null
  readonly signal: AbortSignal
  print(text: string): void
  remark(text: string): void
}

interface Command extends CommandHost {
  readonly words: CommandWords
  readonly data: string
}

/** The shortest passphrase that a backup is made with: it is tried offline by whoever has the file. */
const leastLetters = 10

/** Exit codes as of `varve` (docs/cli.md): 0 done, or help; 2 wrong use; 4 a file is refused; 5 it exists; 6 no space; 130 interrupted. */
export async function runCommand(
  name: ControllerCommandName,
  args: readonly string[],
  host: CommandHost,
): Promise<number> {
  let json = args.includes('--json')
  try {
    const words = readWords(name, args)
    json = words.json
    if (words.isHelp) {
      host.print(helpOf(name).trimEnd())
      return 0
    }
    const data = resolve(words.value('data') ?? host.environment.data)
    await commands[name]({ ...host, words, data })
    return 0
  } catch (error) {
    return explain(host, error, { json, name })
  }
}

function explain(
  host: CommandHost,
  error: unknown,
  { json, name }: { readonly json: boolean; readonly name: string },
): number {
  if (error instanceof UsageError) {
    const remedy = `See varve controller ${name} --help.`
    if (json) host.print(JSON.stringify({ error: { code: 'usage', message: error.message, remedy } }))
    host.remark(`varve controller: ${error.message}\n  ${remedy}`)
    return 2
  }
  const reason = host.signal.aborted
    ? new DiskError('canceled', { file: name, what: `varve controller ${name}` })
    : error
  const record = toErrorRecord(reason, name)
  if (json) host.print(JSON.stringify({ error: record }))
  host.remark(`varve controller: ${record.message}\n  ${record.remedy}`)
  return exitCodes[record.code] ?? 4
}

const exitCodes: Readonly<Record<string, number>> = {
  'target-exists': 5,
  'no-space': 6,
  internal: 70,
  canceled: 130,
}

const commands: Readonly<Record<ControllerCommandName, (command: Command) => Promise<void>>> = {
  backup,
  restore,
}

const stages = {
  copy: 'copying and checking the databases',
  write: 'packing and encrypting',
  prove: 'reading it back',
} as const

async function backup(command: Command): Promise<void> {
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

async function restore(command: Command): Promise<void> {
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
    `It knows nothing of what was after ${at}: hosts that joined or got a new certificate since have to join again, and who was revoked since is believed again until you revoke it (varve agents). Join tokens of before are canceled at its start.`,
    ...(isUnderPassphrase
      ? ['Its keys are under a passphrase of their own: start it with --passphrase-file, as before.']
      : []),
    'See to it that the controller that this was a backup of is not running any more.',
  ]
}

function told(facts: BackupFacts) {
  const { id, fleet, at, version, hosts, openRuns, parts } = facts
  return { id, fleet, at, version, hosts, openRuns, parts: parts.length }
}

function inWords({ fleet, at, hosts, openRuns, version }: BackupFacts): string {
  const runs = openRuns.length === 0 ? 'no run was open' : `${countOf(openRuns.length, 'run')} open`
  return `fleet ${fleet} as it was at ${at}: ${countOf(hosts, 'host')}, ${runs}; Varve ${version}`
}

async function passphraseOf(
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

function asUsage(read: () => string): string {
  try {
    return read()
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}
