/** Windows knows files and devices by their names in any case, and with both slashes. */
export const asNamed = (name: string) => name.replaceAll('/', '\\').toLowerCase()

/** Windows ends the folders that volumes are mounted at with a slash. */
export function isSameFolder(one: string, other: string): boolean {
  const [own, named] = [one, other].map((folder) => asNamed(folder).replace(/\\+$/u, ''))
  return own === named
}
