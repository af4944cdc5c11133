import type { AuditCheck, AuditFilter, AuditLine } from '@varve/protocol/audit'
import { Sha256Hex } from '@varve/protocol/audit'
import { countOf } from '@varve/core/units/format-bytes'
import { UsageError, type CommandContext, type Outcome } from '../command.ts'
import { exitCodes } from '../exit-codes.ts'
import { ask, openFleet, type Fleet, type FleetOptions } from '../fleet.ts'
import { parseDuration } from '../grammar/duration.ts'
import { auditToSyslog, whoText } from '../output/audit-syslog.ts'
import { table } from '../output/table.ts'
import { printable } from '../output/text.ts'
import { rowLimit } from '../row-limit.ts'
import { verifyAuditFile } from './audit-file.ts'

export interface AuditOptions extends FleetOptions {
  readonly since?: string
  readonly until?: string
  readonly who?: string
  readonly what?: string
  readonly on?: string
  readonly result?: AuditFilter['result']
  readonly limit?: string
  readonly syslog?: boolean
}

export interface AuditVerifyOptions extends FleetOptions {
  readonly head?: string
  readonly key?: string
}

const pageSize = 500
const shownUnlessSaid = 20

/** `varve audit`. */
export async function auditList(options: AuditOptions, context: CommandContext): Outcome {
  const { controller = context.config.controller, limit, syslog = false } = options
  const filter = filterOf(options)
  const isExport = syslog || context.json
  const most = limit === undefined ? (isExport ? Infinity : shownUnlessSaid) : rowLimit(limit)
  await using fleet = openFleet(context, controller)
  if (isExport && most === Infinity) {
    await ask(controller, () => printAll(fleet, filter, { context, syslog, controller }))
    return exitCodes.ok
  }
  const newest = await ask(controller, () => newestLines(fleet, filter, { most, context }))
  if (isExport) for (const line of newest.toReversed()) context.print(exported(line, { syslog, controller }))
  else context.print(described(newest, context))
  return exitCodes.ok
}

/** `varve audit key`. */
export async function auditKey({ controller }: FleetOptions, context: CommandContext): Outcome {
  await using fleet = openFleet(context, controller)
  const key = await ask(controller ?? context.config.controller, () => fleet.api.audit.key.query())
  context.print(context.json ? JSON.stringify(key, null, 2) : key.publicKey.trimEnd())
  return exitCodes.ok
}

/** `varve audit verify [FILE]`: exit code 1 when something does not fit. */
export async function auditVerify(
  file: string | null,
  { controller, head, key }: AuditVerifyOptions,
  context: CommandContext,
): Outcome {
  if (head !== undefined && !Sha256Hex.safeParse(head).success)
    throw new UsageError('--head takes the hash of a line, 64 hexadecimal digits.')
  if (file === null && key !== undefined)
    throw new UsageError('--key goes with a file: the controller checks its log with its own key.')
  const check = file === null ? await askToVerify() : await verifyAuditFile(file, { key, head })
  const isSigned = file === null || key !== undefined
  context.print(context.json ? JSON.stringify(check, null, 2) : verdict(check, isSigned))
  return check.faultCount === 0 && check.alarms.length === 0 ? exitCodes.ok : exitCodes.different

  async function askToVerify(): Promise<AuditCheck> {
    await using fleet = openFleet(context, controller)
    return await ask(controller ?? context.config.controller, () =>
      fleet.api.audit.verify.query({ head: head ?? null }, { signal: context.signal }),
    )
  }
}

interface ExportOptions {
  readonly syslog: boolean
  readonly controller: string
}

/** All lines, oldest first, a page at a time. */
async function printAll(
  fleet: Fleet,
  filter: AuditFilter,
  { context, ...options }: ExportOptions & { readonly context: CommandContext },
): Promise<void> {
  for (let after = 0; ;) {
    const query = { ...filter, after, limit: pageSize }
    const page = await fleet.api.audit.lines.query(query, { signal: context.signal })
    for (const line of page.lines) context.print(exported(line, options))
    const last = page.lines.at(-1)?.entry.sequence
    if (!page.isMore || last === undefined) return
    after = last
  }
}

function exported(line: AuditLine, { syslog, controller }: ExportOptions): string {
  return syslog ? auditToSyslog(line, URL.parse(controller)?.hostname ?? '-') : JSON.stringify(line)
}

async function newestLines(
  fleet: Fleet,
  filter: AuditFilter,
  { most, context }: { readonly most: number; readonly context: CommandContext },
): Promise<AuditLine[]> {
  const found: AuditLine[] = []
  for (let before: number | null = null; found.length < most;) {
    const limit = Math.min(pageSize, most - found.length)
    const page = await fleet.api.audit.list.query({ ...filter, before, limit }, { signal: context.signal })
    found.push(...page.lines)
    before = page.lines.at(-1)?.entry.sequence ?? null
    if (!page.isMore || before === null) break
  }
  return found
}

function filterOf({ since, until, who, what, on, result }: AuditOptions): AuditFilter {
  return {
    ...(since === undefined ? {} : { since: timeOf('--since', since) }),
    ...(until === undefined ? {} : { until: timeOf('--until', until) }),
    ...(who === undefined ? {} : { who }),
    ...(what === undefined ? {} : { what }),
    ...(on === undefined ? {} : { on }),
    ...(result === undefined ? {} : { result }),
  }
}

/** A date, a time, or how long ago. */
function timeOf(flag: string, text: string): string {
  const ago = /[smhd](?: ago)?$/u.test(text) ? parseDuration(text.replace(/ ago$/u, '')) : null
  const time =
    ago === null
      ? /^\d{4}-\d{2}-\d{2}/u.test(text)
        ? Date.parse(text)
        : Number.NaN
      : Date.now() - ago * 1000
  if (Number.isNaN(time))
    throw new UsageError(
      `${flag} takes a time such as 2026-11-30, 2026-11-30T08:00Z or 7d, not ${JSON.stringify(text)}.`,
    )
  return new Date(time).toISOString()
}

const columns = [
  { title: 'LINE', align: 'right' },
  { title: 'TIME (UTC)' },
  { title: 'WHO', cut: 'end' },
  { title: 'WHAT', cut: 'end' },
  { title: 'RESULT', cut: 'end' },
  { title: 'ON', cut: 'end' },
] as const

function described(lines: readonly AuditLine[], { config }: CommandContext): string {
  if (lines.length === 0) return 'There is no such line in the audit log.'
  const rows = lines.map(({ entry: { sequence, at, who, onBehalfOf, peer, what, kind, result, on } }) => [
    String(sequence),
    at.slice(0, 19).replace('T', ' '),
    [whoText(onBehalfOf ?? who), peer ?? ''].join(' ').trim(),
    kind === 'outcome' ? `${what} (end)` : what,
    resultText(result, kind),
    on.join(' '),
  ])
  return table(columns, rows, config)
}

/** How it ended; a code that says the same is left out. */
function resultText(result: AuditLine['entry']['result'], kind: AuditLine['entry']['kind']): string {
  if (result === null) return ''
  const more = result.code ?? (kind === 'alarm' ? result.reason : null)
  return more === null || more === undefined || more === result.state
    ? result.state
    : `${result.state} ${more}`
}

function verdict(check: AuditCheck, isSigned: boolean): string {
  const { entries, signatures, first, head, signed, faultCount, faults, alarms } = check
  const range = head === null || first === null ? '' : `, ${first} to ${head.sequence}`
  const more = faultCount - faults.length
  return [
    `${countOf(entries, 'line')}${range}; ${countOf(signatures, 'signature')}${isSigned ? '' : ', not checked: say --key FILE'}`,
    ...(signed === null ? [] : [`signed up to line ${signed.sequence}, ${signed.at}`]),
    ...(head === null ? [] : [`head ${head.hash}`]),
    ...alarms.map(({ sequence, message }) => printable(`line ${sequence ?? '?'} says: ${message}`)),
    ...faults.map(({ message }) => printable(`not whole: ${message}`)),
    ...(more > 0 ? [`and ${more} more`] : []),
    ...(faultCount > 0
      ? []
      : [
          alarms.length > 0
            ? 'The chain holds from there on; what is told above was lost.'
            : 'The log is whole.',
        ]),
  ].join('\n')
}
