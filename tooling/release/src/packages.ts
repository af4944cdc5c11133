import { existsSync } from 'node:fs'
import { readFile, realpath } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { ReleaseError } from './release-error.ts'
import { byCodeUnits } from './tree.ts'

/** A package of npm as it was installed. */
export interface InstalledPackage {
  readonly name: string
  readonly version: string
  readonly folder: string
  readonly licence: string | null
  readonly author: string | null
  /** What it needs to run, sorted; not what is there for some systems only. */
  readonly needs: readonly string[]
}

interface Manifest {
  readonly name?: string
  readonly version?: string
  readonly license?: string | { readonly type?: string }
  readonly author?: string | { readonly name?: string }
  readonly dependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>
}

/** Asked for as peers for their types only. */
const onlyTypes = new Set(['typescript'])

/** Reads the package in a folder. */
export async function readPackage(folder: string): Promise<InstalledPackage> {
  const manifest = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as Manifest
  const { name, version, license, author, dependencies = {}, peerDependencies = {} } = manifest
  if (name === undefined || version === undefined)
    throw new ReleaseError(`${folder} is no package: it has no name or version.`)
  const isOptional = (peer: string) =>
    onlyTypes.has(peer) || manifest.peerDependenciesMeta?.[peer]?.optional === true
  const peers = Object.keys(peerDependencies).filter((peer) => !isOptional(peer))
  return {
    name,
    version: version.replace(/^v/u, ''),
    folder: await realpath(folder),
    licence: (typeof license === 'object' ? license.type : license) ?? null,
    author: (typeof author === 'object' ? author.name : author?.replace(/\s*[<(].*$/u, '')) ?? null,
    needs: [...new Set([...Object.keys(dependencies), ...peers])].sort(byCodeUnits),
  }
}

/** The package `name` as Node finds it from a folder. */
export async function findPackage(name: string, from: string): Promise<InstalledPackage> {
  for (let folder = from; ; folder = dirname(folder)) {
    const candidate = join(folder, 'node_modules', name)
    if (existsSync(join(candidate, 'package.json'))) return await readPackage(candidate)
    if (dirname(folder) === folder) throw new ReleaseError(`${name} is not installed where ${from} needs it.`)
  }
}

/** A package and where it lies, such as `node_modules/pino`. */
export interface PlacedPackage extends InstalledPackage {
  readonly place: string
}

/**
 * Places packages and all that they need without links: at the top, and where another version lies there, below who needs it.
 * `roots`: the folders that need something, with what.
 */
export async function placePackages(
  roots: readonly (readonly [folder: string, names: readonly string[]])[],
): Promise<PlacedPackage[]> {
  const placed = new Map<string, PlacedPackage>()
  const waiting: [found: InstalledPackage, at: string][] = []
  for (const [folder, names] of roots)
    for (const name of names) waiting.push([await findPackage(name, folder), ''])
  for (const [found, at] of waiting) {
    const seen = seenFrom(placed, found.name, at)
    if (seen?.folder === found.folder) continue
    const place = `${seen ? at : ''}node_modules/${found.name}`
    if (placed.has(place)) throw new ReleaseError(`Two versions of ${found.name} are needed at ${place}.`)
    placed.set(place, { ...found, place })
    for (const name of found.needs)
      if (!name.startsWith('@varve/')) waiting.push([await findPackage(name, found.folder), `${place}/`])
  }
  return [...placed.values()].sort((a, b) => byCodeUnits(a.place, b.place))
}

/** What a package at `at` finds under the name: in its own folder, or in that of each that it lies in. */
function seenFrom(placed: ReadonlyMap<string, PlacedPackage>, name: string, at: string) {
  for (let folder = at; ;) {
    const found = placed.get(`${folder}node_modules/${name}`)
    if (found || folder === '') return found
    folder = folder.slice(0, folder.lastIndexOf('node_modules/'))
  }
}
