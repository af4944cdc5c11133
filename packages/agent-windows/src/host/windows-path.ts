/** Without the prefix of long names. */
export function plainPath(path: string): string {
  return /^\\\\\?\\[A-Za-z]:/u.test(path) ? path.slice(4) : path
}

/** Names of Windows are compared without case. */
export function isSamePath(one: string, other: string): boolean {
  return plainPath(one).toLowerCase() === plainPath(other).toLowerCase()
}
