import type { AuditLine } from '@varve/protocol/audit'

/** RFC 5424, 6.2.1: the facility of audits, and severities. */
const logAudit = 13
const severities = { alarm: 1, failed: 3, refused: 4, other: 6 } as const
/** The number that stands for no enterprise (RFC 5612). */
const dataId = 'varve@32473'

/** A line of the audit log as one of syslog; `host`: where the controller is. */
export function auditToSyslog({ hash, entry }: AuditLine, host: string): string {
  const { who, onBehalfOf, result, on } = entry
  const priority = logAudit * 8 + severityOf(entry)
  const data: readonly (readonly [string, string | null])[] = [
    ['sequence', String(entry.sequence)],
    ['kind', entry.kind],
    ['who', whoText(who)],
    ['for', onBehalfOf && whoText(onBehalfOf)],
    ['peer', entry.peer],
    ['on', on.length === 0 ? null : on.join(' ')],
    ['plan', entry.plan],
    ['result', result?.state ?? null],
    ['code', result?.code ?? null],
    ['of', entry.of === null ? null : String(entry.of)],
    ['hash', hash],
  ]
  const shown = data.flatMap(([name, value]) => (value === null ? [] : [`${name}="${escaped(value)}"`]))
  const message = [entry.what, result?.state, result?.reason]
    .filter((part) => typeof part === 'string')
    .join(' ')
  return `<${priority}>1 ${entry.at} ${headerText(host)} varve - ${headerText(entry.what)} [${dataId} ${shown.join(' ')}] ${plain(message)}`
}

/** Who somebody is, in a word or two. */
export function whoText({ kind, name }: AuditLine['entry']['who']): string {
  return name === null ? kind : `${kind} ${name}`
}

function severityOf({ kind, result }: AuditLine['entry']): number {
  if (kind === 'alarm') return severities.alarm
  return result?.state === 'failed' || result?.state === 'refused'
    ? severities[result.state]
    : severities.other
}

/** RFC 5424, 6.3.3. */
function escaped(value: string): string {
  return plain(value).replaceAll(/["\\\]]/gu, String.raw`\$&`)
}

function headerText(text: string): string {
  const kept = text.replaceAll(/[^\u0021-\u007e]/gu, '_').slice(0, 32)
  return kept === '' ? '-' : kept
}

/** In one line: what is in it may come from anywhere. */
function plain(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]/gu, ' ')
}
