/** A service as launchd describes it; null: it does not say. */
export interface PrintedService {
  /** `running`, `not running`, `spawn scheduled` and the like. */
  readonly state: string | null
  readonly pid: number | null
  /** How it ended last; null: it never has, or by a signal. */
  readonly lastExit: number | null
  /** How often it was started. */
  readonly runs: number | null
}

/** Not more than a service has. */
const mostLines = 10_000

/**
 * The output of `launchctl print`: `NAME = VALUE` a line, in braces what belongs together. Only what stands directly in the
 * service counts: those of its endpoints and environment have the same names.
 */
export function parsePrintedService(text: string): PrintedService {
  const facts = new Map<string, string>()
  let depth = 0
  for (const line of text.split('\n').slice(0, mostLines)) {
    const trimmed = line.trim()
    if (trimmed.endsWith('{')) depth += 1
    else if (trimmed === '}') depth -= 1
    else if (depth === 1) {
      const [, name, value] = /^([^=]*?) = (.*)$/u.exec(trimmed) ?? []
      if (name !== undefined && value !== undefined && !facts.has(name)) facts.set(name, value)
    }
  }
  return {
    state: facts.get('state') ?? null,
    pid: numberIn(facts.get('pid')),
    lastExit: numberIn(facts.get('last exit code')),
    runs: numberIn(facts.get('runs')),
  }
}

/** A number at its beginning: a name of it may follow, as in `78: EX_CONFIG`. */
function numberIn(text = ''): number | null {
  const [, digits] = /^(\d{1,10})(?::.*)?$/u.exec(text) ?? []
  return digits === undefined ? null : Number(digits)
}
