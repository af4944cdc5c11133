import type { TakenBy } from '../../image/open-reference.ts'

/**
 * How the names of a package are compared, wherever they come from: the archive, the description, the manifest, the
 * command line.
 */

/** A name as a path from the top of the package: `./a//b/../c` is `a/c`. Null when it leaves the package. */
export function normalName(name: string): string | null {
  const parts: string[] = []
  for (const part of name.normalize('NFC').replaceAll('\\', '/').split('/')) {
    if (part === '' || part === '.') continue
    if (part !== '..') parts.push(part)
    else if (parts.pop() === undefined) return null
  }
  return parts.length === 0 ? null : parts.join('/')
}

/** The folder of a name as `normalName` gives it, with a slash at its end; empty at the top. */
export function folderIn(name: string): string {
  return name.slice(0, name.lastIndexOf('/') + 1)
}

/** What macOS adds beside each file of an archive: no file of the package. */
export function isAppleDouble(name: string): boolean {
  const parts = name.split('/')
  return parts.includes('__MACOSX') || (parts.at(-1) ?? '').startsWith('._')
}

/** Where a reference written in `folder` may lie, the likeliest first: as written and decoded as a URI, from there and from the top. */
export function placesOf(reference: string, folder: string): readonly string[] {
  const forms = [...new Set([reference, decoded(reference)])].map((form) =>
    form.replace(/^file:(?:\/\/\/?)?/iu, ''),
  )
  const places = [...forms.map((form) => normalName(folder + form)), ...forms.map(normalName)]
  return [...new Set(places.filter((place) => place !== null))]
}

/** The reference is a URI; some programs write the name as it is. */
function decoded(reference: string): string {
  try {
    return decodeURIComponent(reference)
  } catch {
    return reference
  }
}

export interface FoundName {
  readonly name: string
  /** Null: it is exactly where the reference says. */
  readonly by: TakenBy | null
}

/** The one of `names` that a reference means: where it says, else the only one of that name in other letters or another folder. */
export function findName(names: ReadonlySet<string>, places: readonly string[]): FoundName | null {
  const exact = places.find((place) => names.has(place))
  if (exact !== undefined) return { name: exact, by: null }
  for (const [fitting, by] of alikeOf(names, places)) {
    const [only] = fitting
    if (only !== undefined && fitting.length === 1) return { name: only, by }
  }
  return null
}

/** The names of which none is taken because several are what a reference means in other letters or another folder. */
export function namesAlike(names: ReadonlySet<string>, places: readonly string[]): readonly string[] {
  return alikeOf(names, places).find(([fitting]) => fitting.length > 1)?.[0] ?? []
}

function alikeOf(
  names: ReadonlySet<string>,
  places: readonly string[],
): readonly (readonly [fitting: readonly string[], by: TakenBy])[] {
  const all = [...names]
  const folded = places.map((place) => place.toLowerCase())
  const sameLetters = all.filter((name) => folded.includes(name.toLowerCase()))
  const last = new Set(folded.map(lastOf))
  const elsewhere = all.filter((name) => last.has(lastOf(name.toLowerCase())))
  return [
    [sameLetters, 'case'],
    [elsewhere, 'place'],
  ]
}

function lastOf(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1)
}
