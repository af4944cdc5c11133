import { readRange, type ByteSource } from '../../binary/byte-source.ts'
import { DiskError, isDiskError } from '../../problems/disk-error.ts'
import { folderOf, nameOf } from '../../image/folder-of.ts'
import type { ImageFile, ImageFiles, ImagePorts } from '../../image/image-files.ts'
import type { TakenBy } from '../../image/open-reference.ts'
import { findName, folderIn, isAppleDouble, namesAlike, normalName, placesOf } from './member-names.ts'
import { readTarMembers, tarMemberSource, type TarMember } from './tar.ts'

/** A file of a package that was found. */
export interface FoundFile {
  /** From the top of the package. */
  readonly name: string
  /** How it was found though it is not where the reference says. */
  readonly by: TakenBy | null
  /** To open it by through `PackageFiles.files`. */
  readonly path: string
}

/** The files of a package: members of an archive, or what lies beside an unpacked description. */
export interface PackageFiles {
  readonly kind: 'archive' | 'folder'
  /** Names from the top of the package, as stored, in order; of a folder only its own. */
  readonly names: readonly string[]
  /** The description. */
  readonly description: FoundFile
  /** Byte of the archive at which a file begins; null where it has a file of its own. */
  startOf(name: string): number | null
  /** The file that a reference in the description or the manifest means, or null. */
  find(reference: string): Promise<FoundFile | null>
  /** Names of which `find` takes none because several fit but for their letters or their folder. */
  alike(reference: string): readonly string[]
  /** The first file with such an ending that stands with the description. */
  beside(ending: string): FoundFile | null
  /** Opens files of the package, and nothing else where it is an archive. */
  readonly files: ImageFiles
}

const remedy = 'Export the machine again.'

/** The files of an OVA; throws a coded error for a broken archive and for one without a description. */
export async function archiveFiles(file: ImageFile, ports: ImagePorts): Promise<PackageFiles> {
  const { source, path } = file
  const members = new Map<string, TarMember>()
  const names: string[] = []
  for (const member of await readTarMembers(source)) {
    const name = normalName(member.name)
    if (name === null || isAppleDouble(name)) continue
    names.push(name)
    if (!members.has(name)) members.set(name, member)
  }
  const pathOfName = (name: string) => `${path}:${name}`
  const found = (name: string, by: TakenBy | null = null): FoundFile => ({
    name,
    by,
    path: pathOfName(name),
  })
  const ovf = names.find((name) => name.toLowerCase().endsWith('.ovf'))
  if (ovf === undefined)
    throw new DiskError('refused', { file: path, reason: 'it holds no OVF description', remedy })
  const folder = folderIn(ovf)
  const known = new Set(names)
  return {
    kind: 'archive',
    names,
    description: found(ovf),
    startOf: (name) => members.get(name)?.start ?? null,
    async find(reference) {
      const match = findName(known, placesOf(reference, folder))
      return match ? found(match.name, match.by) : null
    },
    alike: (reference) => namesAlike(known, placesOf(reference, folder)),
    beside(ending) {
      const all = names.filter((name) => name.toLowerCase().endsWith(ending))
      const name = all.find((each) => folderIn(each) === folder) ?? all[0]
      return name === undefined ? null : found(name)
    },
    files: {
      async open(wanted) {
        const member = members.get(wanted.slice(path.length + 1))
        if (!member || !wanted.startsWith(`${path}:`)) throw new DiskError('not-found', { file: wanted })
        return virtualFile(file, wanted, tarMemberSource(source, member, wanted))
      },
      resolve(from, reference) {
        const name = normalName(folderIn(from.slice(path.length + 1)) + reference)
        if (name !== null && !/^(?:file:|[\\/]|[a-z][\w+.-]+:)/iu.test(reference)) return pathOfName(name)
        throw new DiskError('reference-refused', { file: from, reference, reason: 'it leaves the package' })
      },
      async list(wanted) {
        const inside = insideOf(wanted, path)
        return names.filter((name) => name.startsWith(inside) && !name.slice(inside.length).includes('/'))
      },
      place: () => ports.files.place(path),
    },
  }
}

/** A folder of the archive by its path: what stands beside the archive's own name is its top. */
function insideOf(folder: string, path: string): string {
  const within = folder.startsWith(`${path}:`)
    ? folder.slice(path.length + 1)
    : folder.slice(folderOf(path).length + 1)
  return within === '' ? '' : `${within}/`
}

/** The files beside an unpacked description. */
export async function folderFiles(file: ImageFile, ports: ImagePorts): Promise<PackageFiles> {
  const { files } = ports
  const own = nameOf(file.path)
  const names = (await files.list(folderOf(file.path))).filter((name) => !isAppleDouble(name))
  const found = (name: string, by: TakenBy | null = null): FoundFile => ({
    name,
    by,
    path: name === own ? file.path : files.resolve(file.path, `./${name}`),
  })
  const isThere = async (name: string) => {
    try {
      await using opened = await files.open(found(name).path)
      return opened.source.size >= 0
    } catch (error) {
      if (isDiskError(error, 'not-found') || isDiskError(error, 'reference-refused')) return false
      throw error
    }
  }
  return {
    kind: 'folder',
    names: [own],
    description: found(own),
    startOf: () => null,
    async find(reference) {
      const places = placesOf(reference, '')
      for (const place of places) if (await isThere(place)) return found(place)
      const match = findName(new Set(names), places)
      return match ? found(match.name, match.by) : null
    },
    alike: (reference) => namesAlike(new Set(names), placesOf(reference, '')),
    beside(ending) {
      const stem = own.replace(/\.[^.]*$/u, '').toLowerCase()
      const name = names.find((each) => each.toLowerCase() === `${stem}${ending}`)
      return name === undefined ? null : found(name)
    },
    files,
  }
}

/** A file that lies inside another one; it is not to be disposed. */
export function virtualFile(file: ImageFile, path: string, source: ByteSource): ImageFile {
  const { fingerprint } = file
  const inode = `${fingerprint.inode}:${path}`
  return {
    path,
    source,
    allocated: null,
    fingerprint: { ...fingerprint, size: source.size, inode },
    async [Symbol.asyncDispose]() {},
  }
}

/** All of a small file of the package; throws `limit-exceeded` for a larger one. */
export async function readSmallFile(files: ImageFiles, path: string, limit: number): Promise<Uint8Array> {
  await using file = await files.open(path)
  const { size } = file.source
  if (size <= limit) return await readRange(file.source, { start: 0, end: size }, path)
  throw new DiskError('limit-exceeded', { file: path, what: 'size of the file', value: size, limit })
}
