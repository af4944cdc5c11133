/** The folder of a path, without a separator at its end; `.` when the path has none, the root as it is. */
export function folderOf(path: string): string {
  const cut = Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\'))
  if (cut === -1) return '.'
  return path.slice(0, cut === 0 ? 1 : cut)
}

/** The last name of a path, whichever separators it has. */
export function nameOf(path: string): string {
  return path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1)
}
