import { countBefore } from '../../binary/bisect.ts'
import { DiskError } from '../../problems/disk-error.ts'
import type { ByteSource } from '../../binary/byte-source.ts'
import type { CheckOptions, FindingKind, FindingList, Run } from '../../image/check-report.ts'
import { gapsWithData, mostGaps, type Gap } from './lost-blocks.ts'

/** Blocks of one file that can be compared with each other, four bytes for each. */
const mostBlocks = 32 * 1024 * 1024
/** Blocks for which there is room at first. */
const firstRoom = 65_536

/** The block was never written, or its entry was wiped. */
export const noPlace = -1
/** Its entry says that it is zeros or was discarded: what it held may still be in the file. */
export const givenUp = -2

/** Where a table puts some of its blocks. */
export interface BlockPlaces {
  /** Number of the first of them. */
  readonly first: number
  /** Byte of the file where each starts; `noPlace`, or `givenUp`. */
  readonly places: Float64Array
  /** Byte of the file where the first entry lies, and bytes from one entry to the next. */
  readonly entriesAt: number
  readonly entrySize: number
}

interface Region {
  readonly start: number
  readonly end: number
  readonly name: string
}

export interface BlockCheck {
  readonly file: string
  readonly fileSize: number
  readonly findings: FindingList
  /** In front of the ids of findings: `vhd`. */
  readonly prefix: string
  /** What the format calls a block. */
  readonly noun: string
  /** Bytes that a block takes in the file, all together. */
  readonly blockLength: number
  /** Places are multiples of this, counted from `base`; in such units they fit 32 bits. */
  readonly unit: number
  /** 0 when not said. */
  readonly base?: number
  /** Entries of the table. */
  readonly blockCount: number
  /** Bytes of block `index` that must be in the file; the last one may be shorter. */
  readonly lengthOf: (index: number) => number
  /** Headers and tables, where no block may lie. */
  readonly reserved: readonly Region[]
  /** How room that nothing uses counts: formats that grow ahead have some always. */
  readonly unused: FindingKind | null
  /** The file, where room that no entry names holds data only when an entry was lost; else null. */
  readonly source: ByteSource | null
  /** Native writers leave blocks behind that no entry names: only beside a wiped sector of the table they are lost. */
  readonly leavesBlocks?: boolean
  readonly remedy: string
}

export interface BlockTotals {
  readonly allocatedBlocks: number
  readonly leakedBytes: number
  /** End of the last block or table, past the end of the file where it is cut short. */
  readonly usedEnd: number
}

/**
 * Looks where all blocks of a table lie: outside the file, on headers and tables, on each other; and what of the file
 * nothing uses. Throws `limit-exceeded` for files with more blocks than can be compared.
 */
export async function checkBlocks(
  check: BlockCheck,
  pages: AsyncIterable<BlockPlaces>,
  options: CheckOptions = {},
): Promise<BlockTotals> {
  const { fileSize, findings, prefix, noun, blockLength, unit, base = 0, blockCount, remedy } = check
  const room = Math.min(blockCount, Math.ceil(fileSize / Math.max(unit, blockLength)) + 1)
  const reserved = apart(check.reserved)
  let units = new Uint32Array(Math.min(room, firstRoom))
  let count = 0
  let shared = 0
  let released = 0
  const wiped = new Set<number>()
  const edge: TableEdge = { place: noPlace, isWiped: false }
  for await (const { first, places, entriesAt, entrySize } of pages) {
    options.signal?.throwIfAborted()
    if (check.leavesBlocks === true) noteWiped(wiped, { places, entrySize, edge }, blockLength)
    for (const [index, at] of places.entries()) {
      if (at === givenUp) released += 1
      if (at < 0) continue
      const block = first + index
      const offset = entriesAt + index * entrySize
      const say = (id: string, where: string) =>
        findings.addPlace('corruption', {
          id: `${prefix}-${id}`,
          place: block,
          message: (run) => `${blocksOf(noun, run)} lie${run.count === 1 ? `s at ${at},` : ''} ${where}.`,
          remedy,
          offset,
        })
      const end = at + check.lengthOf(block)
      const inside = regionUnder(reserved, at, end)
      if (end > fileSize) say('beyond-file', `past the end of the file at ${fileSize}`)
      else if (inside) say('overlap', `inside the ${inside.name}`)
      else if (count < room) {
        if (count === units.length) units = grown(units, Math.min(room, 2 * count), check)
        units[count] = Math.floor((at - base) / unit)
        count += 1
      } else shared += 1
    }
    options.onProgress?.(Math.min(blockCount, first + places.length), blockCount)
  }
  const sorted = units.subarray(0, count).sort()
  shared += sharedBlocks(check, sorted)
  if (shared > 0) {
    const message = `${shared} ${plural(noun)} lie where another one lies.`
    findings.add('corruption', { id: `${prefix}-overlap`, message, remedy }, shared)
  }
  const { blocks, usedEnd, gaps } = unusedRoom(check, { sorted, reserved })
  const isSuspect = ({ start, end }: Gap) =>
    check.leavesBlocks !== true || count === 0 || wiped.has(start) || wiped.has(end)
  const lost = await tellLost(check, { gaps: gaps.filter(isSuspect), released, options })
  const unused = blocks - lost
  const leakedBytes = unused * blockLength
  if (unused > 0 && check.unused !== null) {
    const message = `${leakedBytes} bytes of the file belong to no ${noun} and no table.`
    const advice = 'Most likely room that was never used: converting the disk to a new image gives it back.'
    findings.add(check.unused, { id: `${prefix}-unused`, message, remedy: advice }, unused)
  }
  return { allocatedBlocks: count, leakedBytes, usedEnd }
}

function blocksOf(noun: string, { first, count }: Run): string {
  return count === 1 ? `The ${noun} ${first}` : `The ${plural(noun)} ${first} to ${first + count - 1}`
}

/** `blocks at BAT entry`, `sector bitmaps at BAT entry`. */
function plural(noun: string): string {
  return noun.replace(/^(?:sector )?\w+/u, '$&s')
}

/** Bytes that are lost together when a write of a table is. */
const tableSector = 512
/** Places beside wiped sectors that are noted, at most. */
const mostWiped = 65_536

/** How the part of a table ended that was looked at before. */
interface TableEdge {
  /** Of its last entry. */
  place: number
  /** Its last sector holds none. */
  isWiped: boolean
}

/** Where room would begin or end whose entries were in a sector of the table that holds none, by the entries beside it. */
function noteWiped(
  wiped: Set<number>,
  { places, entrySize, edge }: Pick<BlockPlaces, 'places' | 'entrySize'> & { readonly edge: TableEdge },
  blockLength: number,
): void {
  const length = tableSector / entrySize
  for (let sector = 0; sector < places.length && wiped.size < mostWiped; sector += length) {
    const held = places.subarray(sector, sector + length)
    const isWiped = held.every((at) => at === noPlace)
    const [first = noPlace, last = noPlace] = [held[0], held.at(-1)]
    if (isWiped && edge.place >= 0) wiped.add(edge.place + blockLength)
    if (!isWiped && edge.isWiped && first >= 0) wiped.add(first)
    edge.place = last
    edge.isWiped = isWiped
  }
}

interface Unnamed {
  readonly gaps: readonly Gap[]
  /** Blocks that were given up, whose bytes may still be there. */
  readonly released: number
  readonly options: CheckOptions
}

/** Names room with data that no entry names as what may be lost; gives how many blocks it would hold. */
async function tellLost(
  { source, findings, prefix, blockLength }: BlockCheck,
  { gaps, released, options }: Unnamed,
): Promise<number> {
  if (source === null || gaps.length === 0) return 0
  const found = await gapsWithData(gaps, { source, blockLength, signal: options.signal })
  const blocks = found.reduce((sum, gap) => sum + gap.blocks, 0)
  if (blocks <= released) return 0
  for (const { start, end, blocks: held } of found) {
    const message = `Bytes ${start} to ${end} of the file have room for blocks; ${held} of them hold data, but no entry of the table names them: the entries may have been wiped, and what the guest wrote may be there.`
    findings.add(
      'corruption',
      { id: `${prefix}-lost-data`, message, remedy: lostRemedy, offset: start },
      held,
    )
  }
  return blocks
}

const lostRemedy =
  'Do not repair it and do not write to it, as these bytes are the only trace. Keep a copy of the file as it is; restore the disk from a backup, or have the table made again on a copy.'

function grown(units: Uint32Array, length: number, { file, noun }: BlockCheck): Uint32Array<ArrayBuffer> {
  if (units.length === mostBlocks) {
    const what = `${noun}s to compare`
    throw new DiskError('limit-exceeded', { file, what, value: `more than ${mostBlocks}`, limit: mostBlocks })
  }
  const larger = new Uint32Array(Math.min(length, mostBlocks))
  larger.set(units)
  return larger
}

/** The regions in order; of those that lie on each other one, as long as all of them. */
function apart(regions: readonly Region[]): readonly Region[] {
  const found: Region[] = []
  for (const region of regions.toSorted((a, b) => a.start - b.start)) {
    const last = found.at(-1)
    if (!last || region.start >= last.end) found.push(region)
    else found[found.length - 1] = { ...last, end: Math.max(last.end, region.end) }
  }
  return found
}

/** The last of `regions`, which lie apart and in order, that `start` up to `end` touches. */
function regionUnder(regions: readonly Region[], start: number, end: number): Region | null {
  const last = regions[countBefore(regions.length, (index) => (regions[index]?.start ?? 0) < end) - 1]
  return last && last.end > start ? last : null
}

/** How many blocks begin before the one in front of them ends. */
function sharedBlocks({ unit, blockLength }: BlockCheck, sorted: Uint32Array): number {
  const step = blockLength / unit
  let shared = 0
  for (let i = 1; i < sorted.length; i += 1) if ((sorted[i] ?? 0) - (sorted[i - 1] ?? 0) < step) shared += 1
  return shared
}

/** Gaps that would hold whole blocks, and how many blocks those are. */
function unusedRoom(
  { unit, base = 0, blockLength, fileSize }: BlockCheck,
  { sorted, reserved }: { readonly sorted: Uint32Array; readonly reserved: readonly Region[] },
): { blocks: number; usedEnd: number; gaps: Gap[] } {
  let next = 0
  let usedEnd = 0
  let blocks = 0
  const gaps: Gap[] = []
  const take = (start: number, end: number) => {
    const count = start > usedEnd ? Math.floor((start - usedEnd) / blockLength) : 0
    if (count > 0 && gaps.length < mostGaps) gaps.push({ start: usedEnd, end: start })
    blocks += count
    usedEnd = Math.max(usedEnd, end)
  }
  for (const number of sorted) {
    const at = base + number * unit
    for (let table = reserved[next]; table && table.start <= at; table = reserved[next]) {
      take(table.start, table.end)
      next += 1
    }
    take(at, at + blockLength)
  }
  for (const table of reserved.slice(next)) take(table.start, table.end)
  const lastUse = usedEnd
  take(fileSize, fileSize)
  return { blocks, usedEnd: lastUse, gaps }
}
