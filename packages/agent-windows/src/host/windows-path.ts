/** Without the prefix of long names. */
export function plainPath(path: string): string {
  return /^\\\\\?\\[A-Za-z]:/u.test(path) ? path.slice(4) : path
}

/** Names of Windows are compared without case. */
export function isSamePath(one: string, other: string): boolean {
  return plainPath(one).toLowerCase() === plainPath(other).toLowerCase()
}

/** Whether the path is that folder or lies below it, both absolute. */
export function isBelowPath(path: string, folder: string): boolean {
  const [own, above] = [path, folder].map((one) => plainPath(one).toLowerCase().replaceAll('/', '\\'))
  if (own === undefined || above === undefined) return false
  return own === above || own.startsWith(above.endsWith('\\') ? above : `${above}\\`)
}
