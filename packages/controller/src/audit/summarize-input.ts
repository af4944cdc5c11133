/** What the name of a field says of what is in it. */
const secretName = /pass|secret|token|key|credential|authorization|cookie|private|otp/iu
const secretShown = '[not kept]'

const mostText = 200
const mostMembers = 32
const mostDepth = 6
const mostSummary = 2000

/** What was asked as text for the log: shortened, and of fields that hold secrets only that they were there. */
export function summarizeInput(input: unknown): string | null {
  if (input === undefined || input === null) return null
  for (const depth of [mostDepth, 3, 1]) {
    const text = JSON.stringify(shorten(input, depth))
    if (text.length <= mostSummary) return text
  }
  return JSON.stringify('too long to be kept')
}

function shorten(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return shortText(value)
  if (typeof value !== 'object' || value === null) return typeof value === 'function' ? null : value
  if (depth === 0) return '…'
  if (Array.isArray(value)) {
    const shown = value.slice(0, mostMembers).map((one) => shorten(one, depth - 1))
    return value.length > mostMembers ? [...shown, `… and ${value.length - mostMembers} more`] : shown
  }
  const members = Object.entries(value).slice(0, mostMembers)
  return Object.fromEntries(
    members.map(([name, member]: [string, unknown]) => [
      shortText(name),
      isSecret(name, member) ? secretShown : shorten(member, depth - 1),
    ]),
  )
}

function isSecret(name: string, value: unknown): boolean {
  if (value === null || value === undefined || typeof value === 'boolean') return false
  return secretName.test(name)
}

/** Without who signs in to an address, and without what cannot be printed. */
function shortText(text: string): string {
  const plain = text
    .slice(0, mostText * 2)
    .toWellFormed()
    .replaceAll(/\/\/[^/@\s]*@/gu, '//…@')
  return plain.length > mostText || text.length > mostText * 2 ? `${plain.slice(0, mostText)}…` : plain
}
