import { basename } from 'node:path'
import { foldName } from '@varve/core/image/fold-name'
import type { LayerIdentity } from '@varve/core/image/image-facts'
import { findEntries } from '../quarantine/index-of-entries.ts'
import { keptImage, type KeptImage } from '../quarantine/entry.ts'
import type { SeenImage } from './look-at-images.ts'

/** What may be the parent that an image means, where nothing lies at the place that it names. */
export interface ParentPlaces {
  /** Images of the folder that have its name, those first that have its identity. */
  readonly images: readonly SeenImage[]
  readonly quarantined: readonly KeptImage[]
  /** The only one that can be it; null: there is none, or somebody has to choose. */
  readonly clear: SeenImage | null
}

/** What is kept in the quarantines of the folder and below it. */
export async function keptBelow(folder: string): Promise<readonly KeptImage[]> {
  const { entries } = await findEntries(undefined, [folder])
  return entries.map(keptImage)
}

/** Whether its parent is not where it says, so that names alone tell which it may be. */
export function seeksParent(image: SeenImage): boolean {
  return image.soughtNames.length > 0 || guessedParent(image) !== null
}

/** The parent that was read though it is not where the image says, and nothing tells that it is the one. */
export function guessedParent({ path, parents: [parent], remarks }: SeenImage): string | null {
  const isGuess = remarks.some(
    ({ id, severity, file }) => id === 'other-name-taken' && severity !== 'info' && file === path,
  )
  return isGuess && parent !== undefined ? parent : null
}

/** Where images lie, and where kept ones were. */
export interface Around {
  readonly images: readonly SeenImage[]
  readonly kept: readonly KeptImage[]
}

/** What may be the one that nothing was found for, or that was found and cannot be read. */
export function soughtPlaces(image: SeenImage, around: Around): ParentPlaces {
  return placesOf(image, { names: image.soughtNames, identities: image.soughtIdentities }, around)
}

/** What may be the one of which another file was read that has its name. */
export function guessedPlaces(image: SeenImage, around: Around): ParentPlaces {
  const guessed = guessedParent(image)
  return placesOf(image, { names: guessed === null ? [] : [guessed], identities: [] }, around)
}

interface Sought {
  readonly names: readonly string[]
  readonly identities: readonly LayerIdentity[]
}

function placesOf(image: SeenImage, { names, identities }: Sought, { images, kept }: Around): ParentPlaces {
  if (names.length === 0) return { images: [], quarantined: [], clear: null }
  const wanted = new Set(names.map(lastPart))
  const isMeant = (path: string) => wanted.has(foldName(basename(path)))
  const places = images.filter(
    (one) => one.path !== image.path && isMeant(one.path) && !one.parents.includes(image.path),
  )
  const quarantined = kept.filter((one) => isMeant(one.image))
  const right = places.filter(({ identity }) => identities.some((one) => isSame(one, identity)))
  const [only, ...others] = identities.length > 0 ? right : places
  const clear = only !== undefined && others.length === 0 && quarantined.length === 0 ? only : null
  return { images: [...right, ...places.filter((one) => !right.includes(one))], quarantined, clear }
}

function lastPart(name: string): string {
  return foldName(name.split(/[/\\]/u).at(-1) ?? name)
}

function isSame(one: LayerIdentity, other: LayerIdentity): boolean {
  if (one.kind === 'uuid' && other.kind === 'uuid') return one.uuid.toLowerCase() === other.uuid.toLowerCase()
  return one.kind === 'content-id' && other.kind === 'content-id' && one.cid === other.cid
}
