/** A name without what file systems of other hosts do not tell apart: upper and lower case, and how accents are composed. */
export function foldName(name: string): string {
  return name.normalize('NFC').toLowerCase()
}

/** Those of `names` that are `wanted` but for case and composition. */
export function allFolded(names: readonly string[], wanted: string): readonly string[] {
  const folded = foldName(wanted)
  return names.filter((name) => foldName(name) === folded)
}
