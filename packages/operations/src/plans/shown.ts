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
  return { argv: ['varve', 'do', name, JSON.stringify(input)], native }
}

/** A word of a POSIX shell. */
export function shellWord(word: string): string {
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
