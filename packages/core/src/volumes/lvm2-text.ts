import { DiskError } from '../problems/disk-error.ts'

/** A value of LVM's metadata language: text, number, list, or a section of named values. */
export type LvmValue = string | number | readonly LvmValue[] | LvmSection
export interface LvmSection {
  readonly entries: ReadonlyMap<string, LvmValue>
}

const maxDepth = 16
const maxTokens = 300_000

const tokenPattern =
  /\s+|#[^\n]*|"((?:[^"\\]|\\.)*)"|(-?\d+(?:\.\d+)?)(?![A-Za-z0-9_.+-])|([A-Za-z0-9_.+-]+)|([{}[\]=,])/uy

type Token = { readonly kind: 'text' | 'number' | 'name' | 'mark'; readonly text: string }

/** Parses metadata text (lvm2, format_text: libdm's configuration language) within bounds; throws `corrupt`. */
export function parseLvmText(text: string, file: string): LvmSection {
  const tokens = tokenise(text, file)
  let at = 0

  const broken = (reason: string) => new DiskError('corrupt', { file, structure: 'LVM metadata', reason })
  const take = (): Token => {
    const token = tokens[at]
    if (!token) throw broken('it ends too early')
    at += 1
    return token
  }
  const isNext = (mark: string) => tokens[at]?.kind === 'mark' && tokens[at]?.text === mark

  const readSection = (depth: number): LvmSection => {
    if (depth > maxDepth) throw broken(`its sections are nested deeper than ${maxDepth}`)
    const entries = new Map<string, LvmValue>()
    while (at < tokens.length && !isNext('}')) {
      const name = take()
      if (name.kind === 'mark') throw broken(`a name was expected, found ${name.text}`)
      const mark = take()
      if (mark.kind === 'mark' && mark.text === '{') {
        entries.set(name.text, readSection(depth + 1))
        if (take().text !== '}') throw broken(`section ${name.text} does not end`)
      } else if (mark.kind === 'mark' && mark.text === '=') {
        entries.set(name.text, readValue(depth))
      } else {
        throw broken(`${name.text} is followed by ${mark.text}`)
      }
    }
    return { entries }
  }

  const readValue = (depth: number): LvmValue => {
    const token = take()
    if (token.kind === 'number') return Number(token.text)
    if (token.kind !== 'mark') return token.text
    if (token.text !== '[' || depth > maxDepth) throw broken(`a value was expected, found ${token.text}`)
    const list: LvmValue[] = []
    while (!isNext(']')) {
      list.push(readValue(depth + 1))
      if (isNext(',')) at += 1
    }
    at += 1
    return list
  }

  const root = readSection(0)
  if (at < tokens.length) throw broken('it goes on after its end')
  return root
}

function tokenise(text: string, file: string): Token[] {
  const tokens: Token[] = []
  tokenPattern.lastIndex = 0
  while (tokenPattern.lastIndex < text.length) {
    const at = tokenPattern.lastIndex
    const match = tokenPattern.exec(text)
    if (!match || tokens.length >= maxTokens) {
      const reason = match ? 'it is too long' : `character ${at} makes no sense`
      throw new DiskError('corrupt', { file, structure: 'LVM metadata', reason })
    }
    const [, quoted, number, name, mark] = match
    if (quoted !== undefined) tokens.push({ kind: 'text', text: quoted.replaceAll(/\\(.)/gu, '$1') })
    else if (number !== undefined) tokens.push({ kind: 'number', text: number })
    else if (name !== undefined) tokens.push({ kind: 'name', text: name })
    else if (mark !== undefined) tokens.push({ kind: 'mark', text: mark })
  }
  return tokens
}

/** The same as text that LVM reads; throws `corrupt` for a number that cannot be told exactly. */
export function formatLvmText(section: LvmSection, file: string): string {
  const written = (value: LvmValue): string => {
    if (typeof value === 'string') return `"${value.replaceAll(/["\\]/gu, '\\$&')}"`
    if (Array.isArray(value)) return `[${value.map((one: LvmValue) => written(one)).join(', ')}]`
    if (typeof value === 'number' && Number.isSafeInteger(value)) return String(value)
    throw new DiskError('corrupt', { file, structure: 'LVM metadata', reason: 'a number of it is too large' })
  }
  const lines = ({ entries }: LvmSection): string[] =>
    [...entries].flatMap(([name, value]) =>
      isSection(value) ? [`${name} {`, ...lines(value), '}'] : [`${name} = ${written(value)}`],
    )
  return `${lines(section).join('\n')}\n`
}

/** The section of that name, or null. */
export function sectionIn(section: LvmSection, name: string): LvmSection | null {
  const value = section.entries.get(name)
  return isSection(value) ? value : null
}

function isSection(value: LvmValue | undefined): value is LvmSection {
  return typeof value === 'object' && !Array.isArray(value)
}

/** The sections inside a section, with their names. */
export function sectionsIn(section: LvmSection): { name: string; section: LvmSection }[] {
  return [...section.entries.keys()].flatMap((name) => {
    const inner = sectionIn(section, name)
    return inner ? [{ name, section: inner }] : []
  })
}

/** The whole number of that name, 0 or more, or null. */
export function numberIn(section: LvmSection, name: string): number | null {
  const value = section.entries.get(name)
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : null
}

/** The text of that name, or null. */
export function textIn(section: LvmSection, name: string): string | null {
  const value = section.entries.get(name)
  return typeof value === 'string' ? value : null
}

/** The list of that name; empty when there is none. */
export function listIn(section: LvmSection, name: string): readonly LvmValue[] {
  const value = section.entries.get(name)
  return Array.isArray(value) ? value : []
}
