/** Devices that Windows finds in every folder, in upper or lower case, also behind a dot. */
const devices = /^(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³])$/iu
const longestName = 255

/** Why no file of Windows can have the name, in words that follow "its name"; null: one can. */
export function windowsNameFault(name: string): string | null {
  if (!name.isWellFormed()) return 'is not valid Unicode'
  if (name.length > longestName) return `has more than ${longestName} characters`
  if (name.includes(':')) return 'has a colon, behind which Windows looks for another stream of the file'
  const [character] = /[<>"|?*\u0000-\u001f]/u.exec(name) ?? []
  if (character !== undefined) return `has ${JSON.stringify(character)}, which Windows takes in none`
  if (/[. ]$/u.test(name)) return 'ends with a dot or a space, which Windows leaves out'
  const [stem = ''] = name.split('.')
  if (devices.test(stem.trimEnd())) return `is that of a device of Windows, ${stem.trimEnd().toUpperCase()}`
  return null
}

/** The first fault of the names in a path relative to a folder; null: there is none. */
export function windowsPathFault(path: string): string | null {
  for (const name of path.split(/[/\\]/u)) {
    const fault = name === '' || name === '.' || name === '..' ? null : windowsNameFault(name)
    if (fault !== null) return fault
  }
  return null
}
