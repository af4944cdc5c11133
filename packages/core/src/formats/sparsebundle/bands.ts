import type { ByteSource } from '../../binary/byte-source.ts'
import type { Extent } from '../../ranges/extent.ts'
import { DiskError, isDiskError } from '../../problems/disk-error.ts'
import { folderOf } from '../../image/folder-of.ts'
import type { ImageFile, ImageFiles } from '../../image/image-files.ts'

/** Band files open at once, at most, but for those that are being read. */
const maxOpen = 64
/** A folder with this many names or more may have been listed in part only. */
const listLimit = 10_000
const bandPattern = /^(?:0|[1-9a-f][0-9a-f]{0,7})$/iu

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

/** The folder of bands beside the `Info.plist` at `path`, whatever the case of its name. */
export async function bandsFolder(path: string, files: ImageFiles): Promise<string> {
  const folder = folderOf(path)
  const name = (await files.list(folder)).find((each) => each.toLowerCase() === 'bands')
  return `${folder}/${name ?? 'bands'}`
}

/**
 * Looks at every band beside the `Info.plist` at `path`: files in `bands/` whose names are their numbers in hexadecimal,
 * in capitals too where a share or an archive wrote them so. Throws when one is there and cannot be read, and when two
 * files are the same band.
 */
export async function openBands(path: string, bandCount: number, files: ImageFiles): Promise<Bands> {
  const folder = await bandsFolder(path, files)
  const listed = await candidates(path, { folder, bandCount, files })
  const pathOf = (band: number) => `${folder}/${listed.get(band) ?? bandName(band)}`
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
  for (const band of listed.keys()) {
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

interface Listing {
  readonly folder: string
  readonly bandCount: number
  readonly files: ImageFiles
}

/** The bands to look for, by name: those listed; all there can be when the list may be cut; one, to see why there is no list. */
async function candidates(
  path: string,
  { folder, bandCount, files }: Listing,
): Promise<ReadonlyMap<number, string>> {
  const names = await files.list(folder)
  const all = (count: number, nameOf: (band: number) => string) =>
    new Map(Array.from({ length: count }, (_, band) => [band, nameOf(band)]))
  if (names.length >= listLimit) return all(bandCount, spellingOf(names, path))
  if (names.length === 0) return all(Math.min(1, bandCount), bandName)
  const found = new Map<number, string>()
  for (const name of names) {
    const band = bandPattern.test(name) ? Number.parseInt(name, 16) : bandCount
    if (band >= bandCount) continue
    const other = found.get(band)
    if (other !== undefined) {
      const reason = `${JSON.stringify(other)} and ${JSON.stringify(name)} are both band ${bandName(band)}`
      throw new DiskError('corrupt', { file: path, structure: 'folder of bands', reason })
    }
    found.set(band, name)
  }
  return new Map([...found].toSorted(([first], [second]) => first - second))
}

/** How bands that are not listed are written: as those are that are. Throws when both spellings are there. */
function spellingOf(names: readonly string[], file: string): (band: number) => string {
  const isUpper = names.some((name) => bandPattern.test(name) && /[A-F]/u.test(name))
  if (!isUpper) return bandName
  if (!names.some((name) => bandPattern.test(name) && /[a-f]/u.test(name)))
    return (band) => bandName(band).toUpperCase()
  const reason = 'its bands are named in capitals and not, and are too many to be listed'
  throw new DiskError('corrupt', { file, structure: 'folder of bands', reason })
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
