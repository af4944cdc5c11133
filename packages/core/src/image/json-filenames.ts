/** Characters of a description, at most. */
const longest = 65_536
/** Names in it, at most. */
const mostNames = 64

/**
 * The files that a `json:{…}` of QEMU names, as they are written there: the values of `filename`, also of keys such as
 * `file.filename` (qemu(1), "Device URL Syntax"; block drivers of qapi/block-core.json). Nothing for other text. Such a name is not
 * followed when an image is read, but whose file it is has to be known before that is taken away.
 */
export function jsonFilenames(reference: string): readonly string[] {
  if (!reference.startsWith('json:') || reference.length > longest) return []
  try {
    const names: string[] = []
    // Called for each member, however deep, without a stack of our own.
    JSON.parse(reference.slice('json:'.length), (key, value: unknown) => {
      const isName = typeof value === 'string' && /(?:^|\.)filename$/u.test(key)
      if (isName && names.length < mostNames) names.push(value)
      return value
    })
    return names
  } catch {
    return []
  }
}
