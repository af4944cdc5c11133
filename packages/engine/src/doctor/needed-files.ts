import { dirname, join, resolve } from 'node:path'
import { nameOf } from '@varve/core/image/folder-of'
import { realPlace } from '../files/real-place.ts'
import { guessedPlaces, soughtPlaces } from './parent-places.ts'
import type { SeenImage } from './look-at-images.ts'

/** Files that something needs, and that nothing may want to be rid of. */
export interface NeededFiles {
  has(path: string): Promise<boolean>
}

/** What images are made of or stand on, and what may be the parent that one of them misses. */
export async function neededFiles(images: readonly SeenImage[]): Promise<NeededFiles> {
  const around = { images, kept: [] }
  const named = images.flatMap((image) => [
    ...image.parents,
    ...image.parts.flatMap((part) => partPlaces(image.path, part.replaceAll('\\', '/'))),
    ...[soughtPlaces(image, around), guessedPlaces(image, around)].flatMap((places) =>
      places.images.map(({ path }) => path),
    ),
  ])
  const needed = new Set<string>()
  for (const path of new Set(named)) needed.add(await realPlace(path))
  return { has: async (path) => needed.has(await realPlace(path)) }
}

function partPlaces(image: string, part: string): readonly string[] {
  return [resolve(dirname(image), part), join(dirname(image), nameOf(part))].filter((path) => path !== image)
}
