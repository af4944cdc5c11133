import { resolve } from 'node:path'
import { DiskError, toErrorRecord } from '@varve/core/problems/disk-error'
import type { ControllerCommandName } from '@varve/protocol/controller-commands'
import { backupCommand } from './backup-command.ts'
import type { Command, CommandHost } from './command-host.ts'
import { helpOf, readWords, UsageError } from './command-line.ts'
import { restoreCommand } from './restore-command.ts'
import { supportCommand } from './support-command.ts'

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
  backup: backupCommand,
  restore: restoreCommand,
  support: supportCommand,
}
