import { assertInside, readRange, type ByteSource } from '../../binary/byte-source.ts'
import { mergeExtentStream, type Extent } from '../../ranges/extent.ts'
import { DiskError } from '../../problems/disk-error.ts'
import { corrupt, numberOf, textOf } from './tar-fields.ts'

const blockSize = 512
/** Pieces of one sparse file, at most: a disk of 16 TiB in pieces of 64 MiB. */
const maxPieces = 262_144
/** Bytes of a map that stands before the data of its file, at most. */
const maxMapBytes = 8 * 1024 * 1024

/** A part of a sparse file that is stored. */
export interface SparsePiece {
  /** Byte of the file. */
  readonly at: number
  readonly length: number
}

/** What is stored of a sparse file. */
export interface SparseMap {
  readonly realSize: number
  readonly pieces: readonly SparsePiece[]
  /** Byte of the archive at which the first piece lies; the others follow. */
  readonly dataAt: number
}

/** The same as pax records say it; GNU tar manual, "Storing Sparse Files". */
export interface PaxSparse {
  sparseName?: string
  realSize?: number
  /** Offsets and lengths in turn, of versions 0.0 and 0.1. */
  numbers?: number[]
  /** Version 1.0: the map stands before the data. */
  isMapBefore?: boolean
}

/** Takes what a pax record says of a sparse file. */
export function notePaxSparse(found: PaxSparse, key: string, value: string): void {
  if (key === 'GNU.sparse.name') found.sparseName = value
  if (key === 'GNU.sparse.size' || key === 'GNU.sparse.realsize') found.realSize = decimal(value)
  if (key === 'GNU.sparse.map') found.numbers = value === '' ? [] : value.split(',').map(decimal)
  if (key === 'GNU.sparse.offset' || key === 'GNU.sparse.numbytes') {
    found.numbers ??= []
    found.numbers.push(decimal(value))
  }
  if (key === 'GNU.sparse.major') found.isMapBefore = value === '1'
}

/** NaN for what is no number; the map is then refused. */
function decimal(text: string): number {
  return /^\d{1,16}$/u.test(text) ? Number(text) : Number.NaN
}

/** The map of a member by its pax records, or null when it is not sparse; throws `corrupt`. */
export async function readPaxSparse(
  source: ByteSource,
  { start, size }: { readonly start: number; readonly size: number },
  { realSize, numbers, isMapBefore = false }: PaxSparse,
): Promise<SparseMap | null> {
  if (realSize === undefined) return null
  if (!isMapBefore) return checked({ realSize, numbers: numbers ?? [], dataAt: start }, source.name, start)
  const bytes = await readRange(source, { start, end: start + Math.min(size, maxMapBytes) }, 'sparse map')
  const lines = decimalLines(bytes)
  const count = lines.next()
  const wanted = 2 * (typeof count === 'number' ? count : Number.NaN)
  if (!(wanted <= 2 * maxPieces))
    throw corrupt(source.name, 'the map of a sparse member has no length', start)
  const read: number[] = []
  while (read.length < wanted) {
    const value = lines.next()
    if (value === null) throw corrupt(source.name, 'the map of a sparse member ends early', start)
    read.push(value)
  }
  const dataAt = start + Math.ceil(lines.at() / blockSize) * blockSize
  return checked({ realSize, numbers: read, dataAt }, source.name, start)
}

/** Decimal numbers, one per line; null at the end and for what is none. */
function decimalLines(bytes: Uint8Array): { next(): number | null; at(): number } {
  let at = 0
  return {
    at: () => at,
    next() {
      const end = bytes.indexOf(0x0a, at)
      if (end === -1 || end - at > 16) return null
      const value = decimal(textOf(bytes.subarray(at, end)))
      at = end + 1
      return Number.isNaN(value) ? null : value
    },
  }
}

/** The map of a member of type `S` (GNU tar): four pieces in its header, more in blocks behind; throws `corrupt`. */
export async function readGnuSparse(source: ByteSource, header: Uint8Array, at: number): Promise<SparseMap> {
  const file = source.name
  const numbers: number[] = []
  const take = (block: Uint8Array, places: { readonly from: number; readonly count: number }) => {
    for (let i = 0; i < 2 * places.count; i += 1) {
      const field = block.subarray(places.from + i * 12, places.from + (i + 1) * 12)
      numbers.push(numberOf(field, { file, at }))
    }
  }
  take(header, { from: 386, count: 4 })
  let dataAt = at + blockSize
  for (let isMore = header[482] === 1; isMore;) {
    if (numbers.length > 2 * maxPieces) throw tooMany(file)
    const block = await readRange(source, { start: dataAt, end: dataAt + blockSize }, 'sparse map')
    take(block, { from: 0, count: 21 })
    dataAt += blockSize
    isMore = block[504] === 1
  }
  const realSize = numberOf(header.subarray(483, 495), { file, at: at + 483 })
  return checked({ realSize, numbers, dataAt }, file, at)
}

interface Unchecked {
  readonly realSize: number
  readonly numbers: readonly number[]
  readonly dataAt: number
}

/** Pieces in order, without overlap, inside the file. */
function checked({ realSize, numbers, dataAt }: Unchecked, file: string, at: number): SparseMap {
  if (numbers.length > 2 * maxPieces) throw tooMany(file)
  const pieces: SparsePiece[] = []
  let end = 0
  for (let i = 0; i < numbers.length; i += 2) {
    const piece = { at: numbers[i] ?? Number.NaN, length: numbers[i + 1] ?? Number.NaN }
    if (piece.length === 0) continue
    if (!(piece.at >= end) || !(piece.at + piece.length <= realSize))
      throw corrupt(file, 'the map of a sparse member contradicts itself', at)
    end = piece.at + piece.length
    pieces.push(piece)
  }
  if (Number.isSafeInteger(realSize)) return { realSize, pieces, dataAt }
  throw corrupt(file, 'a sparse member has no size', at)
}

function tooMany(file: string): DiskError {
  return new DiskError('limit-exceeded', {
    file,
    what: 'pieces of a sparse member',
    value: `more than ${maxPieces}`,
    limit: maxPieces,
  })
}

interface SparseFile {
  readonly start: number
  readonly size: number
  readonly pieces: readonly SparsePiece[]
  readonly name: string
}

/** A sparse member as a file of its full size. */
export function sparseSource(source: ByteSource, { start, size, pieces, name }: SparseFile): ByteSource {
  let before = start
  const placed = pieces.map((piece) => {
    const stored = before
    before += piece.length
    return { ...piece, stored }
  })
  const from = (at: number) => firstEndingBehind(placed, at)
  const sparse: ByteSource = {
    name,
    size,
    async readInto(target, at) {
      assertInside(sparse, { start: at, end: at + target.length }, 'data')
      target.fill(0)
      const end = at + target.length
      for (let index = from(at); index < placed.length; index += 1) {
        const piece = placed[index]
        if (!piece || piece.at >= end) break
        const [low, high] = [Math.max(at, piece.at), Math.min(end, piece.at + piece.length)]
        await source.readInto(target.subarray(low - at, high - at), piece.stored + low - piece.at)
      }
    },
    extents: (range) => mergeExtentStream(extentsOf(range)),
  }
  async function* extentsOf(range: { readonly start: number; readonly end: number }): AsyncGenerator<Extent> {
    let at = range.start
    for (let index = from(at); index < placed.length && at < range.end; index += 1) {
      const piece = placed[index]
      if (!piece || piece.at >= range.end) break
      const [low, high] = [Math.max(at, piece.at), Math.min(range.end, piece.at + piece.length)]
      if (low > at) yield { start: at, length: low - at, content: 'zero' }
      yield { start: low, length: high - low, content: 'data' }
      at = high
    }
    if (at < range.end) yield { start: at, length: range.end - at, content: 'zero' }
  }
  return sparse
}

/** Index of the first piece that ends behind `at`. */
function firstEndingBehind(pieces: readonly SparsePiece[], at: number): number {
  let [low, high] = [0, pieces.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    const piece = pieces[middle]
    if (piece && piece.at + piece.length <= at) low = middle + 1
    else high = middle
  }
  return low
}
