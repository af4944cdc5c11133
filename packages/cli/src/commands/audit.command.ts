import { Option } from 'commander'
import { auditStates } from '@varve/protocol/audit-words'
import { defineCommand } from '../grammar/command-definition.ts'
import { addControllerOption } from '../grammar/options.ts'
import type { FleetOptions } from '../fleet.ts'
import type { AuditOptions, AuditVerifyOptions } from './audit.ts'

const keyCommand = defineCommand<FleetOptions>({
  usage: 'key',
  does: 'the public key that the log is signed with, PEM',
  grammar: addControllerOption,
  async run({ options, context }) {
    const { auditKey } = await import('./audit.ts')
    return await auditKey(options, context)
  },
})

const verifyCommand = defineCommand<AuditVerifyOptions>({
  usage: 'verify [file]',
  does: 'go along the whole log, or along lines that were exported, and name what was changed',
  grammar: (command) =>
    addControllerOption(command)
      .option('--head <hash>', 'the hash of a line that you kept: it must be there')
      .option('--key <file>', 'for a file: the public key as "varve audit key" prints it'),
  async run({ args: [file = null], options, context }) {
    const { auditVerify } = await import('./audit.ts')
    return await auditVerify(file, options, context)
  },
})

export const auditCommand = defineCommand<AuditOptions>({
  usage: 'audit',
  group: 'fleet',
  does: 'who changed what, when and from where, newest first; with --json or --syslog all lines, oldest first',
  grammar: (command) =>
    addControllerOption(command)
      .option('--since <time>', 'from this time on, such as 2026-11-30, 2026-11-30T08:00Z or 7d ago')
      .option('--until <time>', 'up to this time')
      .option('--who <words>', 'part of who it was, or of the address')
      .option('--what <procedure>', 'what was done, or how that begins, such as runs. or migrations.start')
      .option('--on <words>', 'part of what it was about, such as host:north, a file or a run')
      .addOption(new Option('--result <state>', 'what became of it').choices([...auditStates]))
      .option('--limit <n>', 'the newest, at most this many, or all; for people 20 unless said')
      .option('--syslog', 'lines of RFC 5424, for a collector of logs'),
  async run({ options, context }) {
    const { auditList } = await import('./audit.ts')
    return await auditList(options, context)
  },
  commands: [keyCommand, verifyCommand],
})
