/** A name without what file systems of other hosts do not tell apart: upper and lower case, and how accents are composed. */
export function foldName(name: string): string {
  return name.normalize('NFC').toLowerCase()
}

/** The one of `names` that is `wanted` but for case and composition; null when there is none, or more than one. */
export function onlyFolded(names: readonly string[], wanted: string): string | null {
  const folded = foldName(wanted)
  const [found, another] = names.filter((name) => foldName(name) === folded)
  return found === undefined || another !== undefined ? null : found
}
