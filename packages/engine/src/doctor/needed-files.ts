import { dirname, join, resolve } from 'node:path'
import { nameOf } from '@varve/core/image/folder-of'
import { realPlace } from '../files/real-place.ts'
import { linkedPlaces } from './link-findings.ts'
import { guessedPlaces, soughtPlaces } from './parent-places.ts'
import type { SeenImage } from './look-at-images.ts'

/** Files that something needs, and that nothing may want to be rid of. */
export interface NeededFiles {
  has(path: string): Promise<boolean>
}

/** What images are made of or stand on, what may be the parent that one of them misses, and what links lead to. */
export async function neededFiles(
  images: readonly SeenImage[],
  links: readonly string[],
): Promise<NeededFiles> {
  const around = { images, kept: [] }
  const named = images.flatMap((image) => [
    ...image.parents,
    ...image.parts.flatMap((part) => partPlaces(image.path, part.replaceAll('\\', '/'))),
    ...[soughtPlaces(image, around), guessedPlaces(image, around)].flatMap((places) =>
      places.images.map(({ path }) => path),
    ),
  ])
  const needed = new Set<string>()
  for (const path of new Set([...named, ...(await linkedPlaces(links, images))]))
    needed.add(await realPlace(path))
  // A folder that a link leads to is needed with all that is in it.
  return { has: async (path) => foldersAbove(await realPlace(path)).some((place) => needed.has(place)) }
}

/** The path itself first. */
function foldersAbove(path: string): readonly string[] {
  const above = dirname(path)
  return above === path ? [path] : [path, ...foldersAbove(above)]
}

function partPlaces(image: string, part: string): readonly string[] {
  return [resolve(dirname(image), part), join(dirname(image), nameOf(part))].filter((path) => path !== image)
}
