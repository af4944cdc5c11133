/** What is read, for people: a hidden file that is only kept for it by what it is kept for, such as `standard input`. */
export function sourceName(path: string): string {
  const name = baseName(path)
  return /^\.(?<kept>.+)\.[\w-]{1,64}\.part(?:\.vhdx)?$/u.exec(name)?.groups?.['kept'] ?? name
}

/** The last part of a path of any system. */
export function baseName(path: string): string {
  return path.split(/[/\\]/u).findLast((part) => part !== '') ?? path
}
