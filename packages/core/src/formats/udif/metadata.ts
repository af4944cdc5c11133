import { readRange } from '../../binary/byte-source.ts'
import { formatUuid, isNil } from '../../binary/uuid.ts'
import { DiskError } from '../../problems/disk-error.ts'
import type { Problem } from '../../problems/problem.ts'
import type { LayerIdentity } from '../../image/image-facts.ts'
import type { ImageFile } from '../../image/image-files.ts'
import { arrayAt, dictionaryAt, maxPropertyListBytes, parsePropertyList } from '../../text/property-list.ts'
import type { PropertyDictionary } from '../../text/property-value.ts'
import { findTrailer } from './find-trailer.ts'
import { readRuns, sortRuns, type UdifRun } from './runs.ts'
import {
  blockTable,
  sectorSize,
  subformats,
  udifTrailer,
  type BlockTable,
  type PackedKind,
  type UdifTrailer,
} from './trailer.ts'

/** Block tables of an image, at most: one for each partition and each gap. */
const maxTables = 4096

/** What a UDIF image says about itself, checked. */
export interface UdifMetadata {
  readonly trailer: UdifTrailer
  readonly virtualSize: number
  /** In the order of the disk, without overlaps. */
  readonly runs: readonly UdifRun[]
  readonly kinds: readonly PackedKind[]
  /** What each block table says of the bytes that it is about: type and value of a checksum. */
  readonly checksums: readonly Pick<BlockTable, 'checksumType' | 'checksum'>[]
  readonly subformat: string
  readonly identity: LayerIdentity
  readonly hasLicence: boolean
  readonly problems: readonly Problem[]
}

interface PlacedTrailer {
  readonly trailer: UdifTrailer
  /** Bytes between it and the end of the file. */
  readonly behind: number
}

/** Reads trailer, property list and block tables; throws a coded error for what cannot be read right. */
export async function readUdifMetadata(file: ImageFile): Promise<UdifMetadata> {
  const { source, path } = file
  const { trailer, behind } = await readTrailer(file)
  if (trailer.segmentCount > 1) {
    const feature = `${trailer.segmentCount} segments in files of their own`
    throw new DiskError('unsupported-feature', { file: path, format: 'UDIF', feature })
  }
  const list = await readList(file, trailer)
  const resources = dictionaryAt(list, 'resource-fork')
  const tables = resources ? arrayAt(resources, 'blkx') : null
  if (!resources || !tables) throw damaged(path, 'UDIF property list', 'it has no block tables (blkx)')
  if (tables.length > maxTables) {
    throw new DiskError('limit-exceeded', {
      file: path,
      what: 'number of block tables',
      value: tables.length,
      limit: maxTables,
    })
  }
  const dataStart = trailer.dataForkOffset
  const dataEnd = Math.min(source.size, dataStart + (trailer.dataForkLength || source.size))
  const found: UdifRun[] = []
  const checksums: BlockTable[] = []
  for (const table of tables) {
    const data = table instanceof Map ? table.get('Data') : null
    if (!(data instanceof Uint8Array)) throw damaged(path, 'UDIF property list', 'a block table without data')
    checksums.push(blockTable.read(data, path))
    for (const run of readRuns(data, { file: path, dataStart, dataEnd })) found.push(run)
  }
  const runs = sortRuns(found, path)
  const last = runs.at(-1)
  const end = last ? last.start + last.length : 0
  const virtualSize = trailer.sectorCount === 0 ? end : trailer.sectorCount * sectorSize
  if (!Number.isSafeInteger(virtualSize) || end > virtualSize) {
    throw damaged(
      path,
      udifTrailer.name,
      `its ${trailer.sectorCount} sectors end before the runs do, at ${end}`,
    )
  }
  const kinds = packedKinds(runs)
  return {
    trailer,
    virtualSize,
    runs,
    kinds,
    checksums,
    subformat: kinds.map((kind) => subformats[kind]).join(' + ') || 'UDRO',
    identity: isNil(trailer.segmentId)
      ? { kind: 'none' }
      : { kind: 'uuid', uuid: formatUuid(trailer.segmentId) },
    hasLicence: ['LPic', 'TEXT', 'RTF '].some((key) => resources.has(key)),
    problems: [
      ...(coveredBytes(runs) < virtualSize ? [gaps(path, virtualSize - coveredBytes(runs))] : []),
      ...(behind > 0 ? [bytesBehind(path, behind)] : []),
    ],
  }
}

async function readTrailer({ source, path }: ImageFile): Promise<PlacedTrailer> {
  await refuseEncrypted({ source, path })
  const at = await findTrailer(source)
  if (at !== null) {
    const bytes = await readRange(source, { start: at, end: at + udifTrailer.size }, udifTrailer.name)
    const trailer = udifTrailer.read(bytes, path)
    if (trailer.version !== 4 || trailer.headerSize !== udifTrailer.size) {
      const feature = `version ${trailer.version} with a trailer of ${trailer.headerSize} bytes`
      throw new DiskError('unsupported-feature', { file: path, format: 'UDIF', feature })
    }
    return { trailer, behind: at === 0 ? 0 : source.size - at - udifTrailer.size }
  }
  throw damaged(
    path,
    udifTrailer.name,
    'neither the end nor the start of the file has one; it may be cut short',
  )
}

async function refuseEncrypted({ source, path }: Pick<ImageFile, 'source' | 'path'>): Promise<void> {
  if (source.size < 8) return
  const ends = [
    { at: 0, mark: 'encrcdsa', method: 'encrcdsa, version 2' },
    { at: source.size - 8, mark: 'cdsaencr', method: 'cdsaencr, version 1' },
  ]
  for (const { at, mark, method } of ends) {
    const bytes = await readRange(source, { start: at, end: at + 8 }, 'mark of encryption')
    if (String.fromCharCode(...bytes) !== mark) continue
    throw new DiskError('encrypted', { file: path, format: 'UDIF', method })
  }
}

async function readList({ source, path }: ImageFile, trailer: UdifTrailer): Promise<PropertyDictionary> {
  const { xmlOffset, xmlLength, resourceForkLength } = trailer
  if (xmlLength === 0) {
    const feature = resourceForkLength > 0 ? 'block tables in a resource fork' : 'no block tables'
    throw new DiskError('unsupported-feature', { file: path, format: 'UDIF', feature })
  }
  if (xmlLength > maxPropertyListBytes) {
    throw new DiskError('limit-exceeded', {
      file: path,
      what: 'size of the UDIF property list',
      value: xmlLength,
      limit: maxPropertyListBytes,
    })
  }
  const structure = 'UDIF property list'
  const bytes = await readRange(source, { start: xmlOffset, end: xmlOffset + xmlLength }, structure)
  return parsePropertyList(bytes, { file: path, structure })
}

function packedKinds(runs: readonly UdifRun[]): PackedKind[] {
  const kinds = new Set<PackedKind>()
  for (const { kind } of runs) if (kind !== 'zero' && kind !== 'raw' && kind !== 'ignore') kinds.add(kind)
  return [...kinds].toSorted()
}

function coveredBytes(runs: readonly UdifRun[]): number {
  return runs.reduce((sum, { length }) => sum + length, 0)
}

function gaps(file: string, bytes: number): Problem {
  return {
    id: 'udif-uncovered',
    severity: 'warn',
    layer: 'L2',
    file,
    message: `No block table says anything about ${bytes} bytes of the disk; they read as zeros.`,
    remedy: 'Compare the disk with another copy, or have hdiutil verify the image.',
  }
}

function bytesBehind(file: string, bytes: number): Problem {
  return {
    id: 'udif-bytes-behind',
    severity: 'info',
    layer: 'L2',
    file,
    message: `${bytes} bytes lie behind its trailer, which is read where it stands; other programs take such a file for raw.`,
    remedy: 'Fetch the image again if it was padded on its way here.',
  }
}

function damaged(file: string, structure: string, reason: string): DiskError {
  return new DiskError('corrupt', { file, structure, reason })
}
