import { readRange, type ByteSource } from '../../binary/byte-source.ts'
import { formatGuid } from '../../binary/uuid.ts'
import { DiskError } from '../../problems/disk-error.ts'
import type { Problem } from '../../problems/problem.ts'
import { copyDamaged } from './active-header.ts'
import { hasRightChecksum } from './checksum.ts'
import {
  damaged,
  mib,
  regionEntry,
  regionGuids,
  regionTableHeader,
  regionTablesAt,
  regionTableSize,
  type VhdxHeader,
} from './header.ts'

const maxEntries = 2047

/** A place of the file that one structure has for itself. */
export interface Region {
  readonly start: number
  readonly end: number
  readonly name: string
}

export interface Regions {
  readonly bat: Region
  readonly metadata: Region
  /** All regions and the log, in the order of the file: no block may lie there. */
  readonly reserved: readonly Region[]
  readonly problems: readonly Problem[]
}

export interface RegionsPlace {
  readonly source: ByteSource
  readonly path: string
  readonly header: VhdxHeader
}

/** Reads the region table ([MS-VHDX] 2.2.3) and checks each region against the file and against the others. */
export async function readRegions({ source, path, header }: RegionsPlace): Promise<Regions> {
  const { table, problems } = await readRegionTable(source, path)
  const { entryCount } = regionTableHeader.read(table, path)
  if (entryCount > maxEntries) {
    throw new DiskError('limit-exceeded', {
      file: path,
      what: 'number of VHDX regions',
      value: entryCount,
      limit: maxEntries,
    })
  }
  const found = new Map<string, Region>()
  for (let index = 0; index < entryCount; index += 1) {
    const at = regionTableHeader.size + index * regionEntry.size
    const entry = regionEntry.read(table, path, at)
    const guid = formatGuid(entry.guid)
    const known = Object.entries(regionGuids).find(([, known]) => known === guid)?.[0]
    if (known === undefined && (entry.required & 1) === 1) {
      const feature = `a required region of unknown kind {${guid}}`
      throw new DiskError('unsupported-feature', { file: path, format: 'VHDX', feature })
    }
    if (found.has(guid))
      throw damaged(path, 'VHDX region table', { reason: `region {${guid}} is there twice`, offset: at })
    const { fileOffset: start, length } = entry
    found.set(guid, { start, end: start + length, name: known ?? `{${guid}}` })
  }
  const log = { start: header.logOffset, end: header.logOffset + header.logLength, name: 'log' }
  const reserved = [...found.values(), log].toSorted((a, b) => a.start - b.start)
  checkPlaces(reserved, { path, fileSize: source.size })
  return { bat: needed(found, 'bat', path), metadata: needed(found, 'metadata', path), reserved, problems }
}

async function readRegionTable(
  source: ByteSource,
  path: string,
): Promise<{ table: Uint8Array; problems: readonly Problem[] }> {
  const copies = await Promise.all(
    regionTablesAt.map(async (at) => ({
      at,
      table: await readRange(source, { start: at, end: at + regionTableSize }, 'VHDX region table'),
    })),
  )
  const problems: Problem[] = []
  let found = null as Uint8Array | null
  for (const { at, table } of copies) {
    if (found && isSame(found, table)) continue
    if (!isValidTable(table, path)) problems.push(copyDamaged(path, 'region table', at))
    else found ??= table
  }
  if (found) return { table: found, problems }
  const reason = 'neither copy has the right signature and checksum'
  throw damaged(path, 'VHDX region table', { reason, offset: regionTablesAt[0] ?? 0 })
}

function isValidTable(table: Uint8Array, path: string): boolean {
  return (
    hasRightChecksum(table) &&
    regionTableHeader.read(table.subarray(0, regionTableHeader.size), path).signature === 'regi'
  )
}

/** Compares words; both tables start at the start of their memory. */
function isSame(a: Uint8Array, b: Uint8Array): boolean {
  const [left, right] = [a, b].map(
    ({ buffer, byteOffset, length }) => new Uint32Array(buffer, byteOffset, length / 4),
  )
  if (!left || !right) return false
  for (let index = 0; index < left.length; index += 1) if (left[index] !== right[index]) return false
  return true
}

function checkPlaces(
  regions: readonly Region[],
  { path, fileSize }: { path: string; fileSize: number },
): void {
  let before: Region = { start: 0, end: mib, name: 'header section' }
  for (const region of regions) {
    const { start, end, name } = region
    const say = (reason: string) => damaged(path, 'VHDX region table', { reason, offset: start })
    if (start % mib !== 0 || end % mib !== 0) throw say(`region ${name} is not in whole MiB`)
    if (start < before.end) throw say(`region ${name} overlaps region ${before.name}`)
    if (end > fileSize) {
      throw new DiskError('truncated', {
        file: path,
        structure: `VHDX region ${name}`,
        wanted: end - start,
        available: Math.max(0, fileSize - start),
      })
    }
    before = region
  }
}

function needed(found: ReadonlyMap<string, Region>, name: keyof typeof regionGuids, path: string): Region {
  const region = found.get(regionGuids[name])
  if (region) return region
  const reason = `it has no ${name} region`
  throw damaged(path, 'VHDX region table', { reason, offset: regionTablesAt[0] ?? 0 })
}
