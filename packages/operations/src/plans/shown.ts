/** The exact command of a step: what runs it, or what stands for it in a runbook. */
export interface Shown {
  /** The argument vector, the program first. */
  readonly argv: readonly string[]
  /** What its standard input gives. */
  readonly stdin?: string
  /** For what Varve does itself: the calls that it makes, in words. */
  readonly native?: string
}

/** An action that Varve does itself; the runbook calls `varve do`. */
export function nativeAction(name: string, input: unknown, native: string): Shown {
  // Written as JSON can, so that a runbook shows what it holds.
  const text = JSON.stringify(input).replaceAll(
    unprintable,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
  return { argv: ['varve', 'do', name, text], native }
}

/** What steers a terminal, or cannot be seen on one. */
export const unprintable = /[\u0000-\u001F\u007F-\u009F\u200B-\u200F\u2028-\u202E\u2066-\u2069\uFEFF]/gu

/**
 * A word of a command line for reading and pasting. What cannot be printed is written in the `$'…'` of bash, zsh and ksh, byte
 * by byte, so that it pastes as it is.
 */
export function shellWord(word: string): string {
  if (word.search(unprintable) < 0) return posixWord(word)
  const plain = word.replaceAll(/[\\']/gu, String.raw`\$&`)
  return `$'${plain.replaceAll(unprintable, asBytes)}'`
}

function asBytes(character: string): string {
  if (character === '\n') return String.raw`\n`
  const bytes = [...new TextEncoder().encode(character)]
  return bytes.map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('')
}

/** A word of any POSIX shell, as runbooks have it. */
export function posixWord(word: string): string {
  return /^[\w@%+=:,./-]+$/u.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}

/** A word of PowerShell. */
export function powershellWord(word: string): string {
  return /^[A-Za-z0-9_./\\:-]+$/u.test(word) && !word.startsWith('-')
    ? word
    : `'${word.replaceAll(/['\u2018\u2019\u201A\u201B]/gu, '$&$&')}'`
}

/** The command as one line of a POSIX shell, for reading. */
export function commandLine({ argv, native }: Shown): string {
  return native === undefined ? argv.map(shellWord).join(' ') : `native: ${native}`
}
