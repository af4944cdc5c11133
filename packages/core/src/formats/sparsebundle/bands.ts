import type { ByteSource } from '../../binary/byte-source.ts'
import type { Extent } from '../../extent/extent.ts'
import { isDiskError } from '../../problems/disk-error.ts'
import { folderOf } from '../folder-of.ts'
import type { ImageFile, ImageFiles } from '../image-files.ts'

/** Band files open at once, at most, but for those that are being read. */
const maxOpen = 64
/** A folder with this many names or more may have been listed in part only. */
const listLimit = 10_000

/** The bands of a bundle that are there, by number; their files are opened when they are read. */
export interface Bands extends AsyncDisposable {
  readonly files: ReadonlyMap<number, ImageFile>
}

/** Its number in lower-case hexadecimal, without zeros in front. */
export function bandName(band: number): string {
  return band.toString(16)
}

interface Held {
  readonly file: Promise<ImageFile>
  users: number
}

/**
 * Looks at every band beside the `Info.plist` at `path`: files in `bands/` whose names are their numbers in lower-case
 * hexadecimal. Throws when one is there and cannot be read.
 */
export async function openBands(path: string, bandCount: number, files: ImageFiles): Promise<Bands> {
  const pathOf = (band: number) => files.resolve(path, `bands/${bandName(band)}`)
  const held = new Map<number, Held>()
  const hold = (band: number): Held => {
    const found = held.get(band) ?? { file: files.open(pathOf(band)), users: 0 }
    held.delete(band)
    held.set(band, found)
    return found
  }
  const closeOldest = async (): Promise<void> => {
    for (const [band, { file, users }] of held) {
      if (held.size <= maxOpen) return
      if (users > 0) continue
      held.delete(band)
      await (await file)[Symbol.asyncDispose]()
    }
  }
  const withBand = async <T>(band: number, work: (source: ByteSource) => Promise<T>): Promise<T> => {
    const entry = hold(band)
    entry.users += 1
    try {
      const file = await entry.file.catch((error: unknown) => {
        if (held.get(band) === entry) held.delete(band)
        throw error
      })
      return await work(file.source)
    } finally {
      entry.users -= 1
      await closeOldest()
    }
  }

  const found = new Map<number, ImageFile>()
  for (const band of await candidates(path, bandCount, files)) {
    try {
      await using file = await files.open(pathOf(band))
      found.set(band, {
        path: file.path,
        allocated: file.allocated,
        fingerprint: file.fingerprint,
        source: lazySource(file.source, (work) => withBand(band, work)),
        async [Symbol.asyncDispose]() {},
      })
    } catch (error) {
      if (!isDiskError(error, 'not-found')) throw error
    }
  }
  return {
    files: found,
    async [Symbol.asyncDispose]() {
      const open = [...held.values()]
      held.clear()
      for (const { file } of open) await (await file.catch(() => null))?.[Symbol.asyncDispose]()
    },
  }
}

/** The bands to look for: those listed; all there can be when the list may be cut; one, to see why there is no list. */
async function candidates(path: string, bandCount: number, files: ImageFiles): Promise<Iterable<number>> {
  const names = await files.list(`${folderOf(path)}/bands`)
  if (names.length >= listLimit) return Array.from({ length: bandCount }, (_, band) => band)
  if (names.length === 0) return bandCount > 0 ? [0] : []
  return names
    .filter((name) => /^(?:0|[1-9a-f][0-9a-f]{0,7})$/u.test(name))
    .map((name) => Number.parseInt(name, 16))
    .filter((band) => band < bandCount)
    .toSorted((first, second) => first - second)
}

function lazySource(
  { name, size }: ByteSource,
  withSource: <T>(work: (source: ByteSource) => Promise<T>) => Promise<T>,
): ByteSource {
  return {
    name,
    size,
    readInto: (target, at) => withSource((source) => source.readInto(target, at)),
    async *extents(range) {
      yield* await withSource(async (source) => {
        const extents: Extent[] = []
        for await (const extent of source.extents(range)) extents.push(extent)
        return extents
      })
    },
  }
}
