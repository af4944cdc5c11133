import { readRange, sliceSource } from '../../binary/byte-source.ts'
import { DiskError } from '../../problems/disk-error.ts'
import type { ImageFile } from '../image-files.ts'
import { isRecognisedAs, looksLikeVmdkDescriptor, readFileEnds } from '../detect-format.ts'
import { maxXmlBytes } from '../xml.ts'
import { parseManifest, type ManifestLine } from './manifest.ts'
import { parseOvf, type OvfDisk } from './ovf.ts'
import { plainName, readTarMembers, type TarMember } from './tar.ts'

/** Bytes of a manifest, at most. */
const maxManifestBytes = 1024 * 1024

export interface OvaContents {
  /** Every disk that the description names and that has a file, in its order; at least one. */
  readonly disks: readonly [OvfDisk, ...OvfDisk[]]
  readonly members: readonly TarMember[]
  /** The first disk, as a file of its own; it is not to be disposed. */
  readonly first: ImageFile
  /** Null: there is none; `unreadable`: there is one that cannot be understood. */
  readonly manifest: readonly ManifestLine[] | 'unreadable' | null
  readonly hasCertificate: boolean
}

/** What an OVA holds; throws a coded error for a broken archive and for a first disk that cannot be read in place. */
export async function readOva(file: ImageFile): Promise<OvaContents> {
  const { source, path } = file
  const members = await readTarMembers(source)
  const ending = (suffix: string) => members.find(({ name }) => name.toLowerCase().endsWith(suffix))
  const description = ending('.ovf')
  if (!description)
    throw new DiskError('refused', { file: path, reason: 'it holds no OVF description', remedy })
  const [disk, ...others] = parseOvf(await readMember(file, description, maxXmlBytes), path)
  if (!disk)
    throw new DiskError('refused', { file: path, reason: 'its OVF description names no disk', remedy })
  const manifest = ending('.mf')
  return {
    disks: [disk, ...others],
    members,
    first: await openMember(file, disk, members),
    manifest: manifest ? await readManifest(file, manifest) : null,
    hasCertificate: ending('.cert') !== undefined,
  }
}

const remedy = 'Export the machine again.'

async function openMember(file: ImageFile, disk: OvfDisk, members: readonly TarMember[]): Promise<ImageFile> {
  const { path, source } = file
  const refuse = (feature: string) =>
    new DiskError('unsupported-feature', { file: path, format: 'OVA', feature })
  if (disk.obstacle) throw refuse(disk.obstacle)
  const names = new Set([plainName(disk.href), plainName(decoded(disk.href))])
  const member = members.find(({ name }) => names.has(plainName(name)))
  if (!member) throw new DiskError('extent-file-missing', { file: path, extent: disk.href })
  const range = { start: member.start, end: member.start + member.size }
  const slice = sliceSource(source, range, `${path}:${member.name}`)
  const ends = await readFileEnds(slice)
  if (!isRecognisedAs('vmdk', ends) || looksLikeVmdkDescriptor(ends.head))
    throw refuse(`a disk that is no sparse VMDK (${disk.href})`)
  const { fingerprint } = file
  return { path, source: slice, allocated: null, fingerprint, async [Symbol.asyncDispose]() {} }
}

async function readManifest(file: ImageFile, member: TarMember): Promise<OvaContents['manifest']> {
  const bytes = await readMember(file, member, maxManifestBytes)
  return parseManifest(new TextDecoder().decode(bytes)) ?? 'unreadable'
}

async function readMember(
  { source, path }: ImageFile,
  member: TarMember,
  limit: number,
): Promise<Uint8Array> {
  const { start, size, name } = member
  if (size <= limit) return await readRange(source, { start, end: start + size }, name)
  throw new DiskError('limit-exceeded', { file: path, what: `size of ${name}`, value: size, limit })
}

/** The reference is a URI; some programs write the name as it is. */
function decoded(href: string): string {
  try {
    return decodeURIComponent(href)
  } catch {
    return href
  }
}
