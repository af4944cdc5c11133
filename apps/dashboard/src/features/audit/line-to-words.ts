import type { AuditEntry, AuditLine, AuditWho } from '@varve/protocol/audit'
import type { Tone } from '../../components/marks.tsx'

const kinds: Readonly<Record<AuditWho['kind'], string>> = {
  local: 'this machine',
  agent: 'agent',
  person: '',
  nobody: 'a stranger',
  controller: 'the controller',
}

/** Who it was, for people; the end of a run is of who began it. */
export function whoToWords({ who, onBehalfOf }: Pick<AuditEntry, 'who' | 'onBehalfOf'>): string {
  const { kind, name } = onBehalfOf ?? who
  return [kinds[kind], name].filter((part) => part !== null && part !== '').join(' ')
}

/** What was done, as the procedure is called. */
export function whatToWords({ kind, what }: Pick<AuditEntry, 'kind' | 'what'>): string {
  if (kind === 'signature') return 'signature'
  if (kind === 'outcome') return `${what}, the end`
  return what
}

/** What became of it, with the colour of that. */
export function resultToPill({ kind, result }: Pick<AuditEntry, 'kind' | 'result'>): {
  readonly words: string
  readonly tone: Tone
} {
  if (kind === 'alarm') return { words: 'alarm', tone: 'bad' }
  switch (result?.state) {
    case 'ok':
    case 'succeeded':
      return { words: result.state === 'ok' ? 'done' : 'succeeded', tone: 'good' }
    case 'refused':
      return { words: 'refused', tone: 'warn' }
    case 'failed':
      return { words: 'failed', tone: 'bad' }
    case 'canceled':
    case 'undone':
      return { words: result.state, tone: 'plain' }
    case undefined:
      return { words: kind === 'signature' ? 'signed' : '–', tone: 'accent' }
  }
}

/** What else is known of a line: names and values. */
export function lineToFacts({ hash, entry }: AuditLine): (readonly [string, string])[] {
  const { sequence, at, peer, who, on, input, plan, result, of, signature } = entry
  const facts: readonly (readonly [string, string | null])[] = [
    ['Line', String(sequence)],
    ['Time', at],
    ['From', peer],
    ['By key', who.key],
    ['About', on.length === 0 ? null : on.join('\n')],
    ['Asked', input],
    ['Plan', plan],
    ['Why', [result?.code, result?.reason].filter((part) => part !== null && part !== undefined).join(': ')],
    ['End of line', of === null ? null : String(of)],
    ['Signed by', signature?.key ?? null],
    ['Hash', hash],
  ]
  return facts.flatMap(([name, value]) => (value === null || value === '' ? [] : [[name, value] as const]))
}
