import type { DiskReader } from '../disk/disk-reader.ts'
import { GuestDisk } from '../guest/guest-region.ts'
import { readExtRecipe } from './ext-recipe.ts'
import type { FilesystemRecipe } from './filesystem-recipe.ts'
import { readXfsRecipe } from './xfs-recipe.ts'

interface Place {
  /** Byte of the disk at which it begins. */
  readonly start: number
  readonly length: number
}

/** How one makes another filesystem like the one that begins there; null where it is none that Varve makes. */
export async function readRecipe(
  disk: DiskReader,
  { start, length }: Place,
  signal?: AbortSignal,
): Promise<FilesystemRecipe | null> {
  const region = new GuestDisk(disk, signal ? { signal } : {}).region([{ start, length }])
  return (await readXfsRecipe(region)) ?? (await readExtRecipe(region))
}
