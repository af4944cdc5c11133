import { FseBits } from './fse-bits.ts'
import { fseTable, unreachable, type FseTable } from './fse-table.ts'
import {
  readPackedHeader,
  readPlainHeader,
  tables,
  type LzfseHeader,
  type TableName,
} from './lzfse-header.ts'
import { copyMatch, decodeLzvn } from './lzvn.ts'

/** What each block starts with. */
const marks = { end: 'bvx$', stored: 'bvx-', plain: 'bvx1', packed: 'bvx2', lzvn: 'bvxn' } as const

/** Bytes of the shortest header: mark and number of unpacked bytes. */
const smallestHeader = 8

/**
 * LZFSE (Apple's reference code is its only description) to at most `size` bytes: blocks that are stored, LZVN or entropy
 * coded, up to the mark of the end; what follows it is ignored. Throws RangeError for bad input. Memory: the result, and
 * less than 100 KiB.
 */
export function decodeLzfse(packed: Uint8Array, size: number): Uint8Array {
  const target = new Uint8Array(size)
  const view = new DataView(packed.buffer, packed.byteOffset, packed.length)
  let at = 0
  let done = 0
  for (;;) {
    const mark = markAt(packed, at)
    if (mark === marks.end) return target.subarray(0, done)
    if (at + smallestHeader > packed.length) throw new RangeError('the packed data ends inside a block')
    const length = view.getUint32(at + 4, true)
    if (length > size - done) throw new RangeError(`more than ${size} bytes`)
    const place: BlockPlace = { packed, at, target, done, end: done + length }
    at = decodeBlock(mark, place, view)
    done += length
  }
}

/** One block: its packed bytes from `at` on; its unpacked ones from `done` to `end`. */
interface BlockPlace {
  readonly packed: Uint8Array
  readonly at: number
  readonly target: Uint8Array
  readonly done: number
  readonly end: number
}

/** Unpacks one block and returns where the next one starts. */
function decodeBlock(mark: string, place: BlockPlace, view: DataView): number {
  const { packed, at, target, done, end } = place
  switch (mark) {
    case marks.stored: {
      const start = at + 8
      const stop = start + end - done
      if (stop > packed.length) throw new RangeError('the packed data ends inside a stored block')
      target.set(packed.subarray(start, stop), done)
      return stop
    }
    case marks.lzvn: {
      const start = at + 12
      if (start > packed.length) throw new RangeError('the packed data ends inside a block')
      const stop = start + view.getUint32(at + 8, true)
      if (stop > packed.length) throw new RangeError('the packed data ends inside a block')
      const reached = decodeLzvn({ bytes: packed, start, end: stop }, { target, start: done, end })
      if (reached !== end) throw new RangeError('a block is shorter than it says')
      return stop
    }
    case marks.plain:
      return decodeEntropy(readPlainHeader(packed, at), place)
    case marks.packed:
      return decodeEntropy(readPackedHeader(packed, at), place)
    default:
      throw new RangeError('a block starts with no known mark')
  }
}

function markAt(packed: Uint8Array, at: number): string {
  if (at + 4 > packed.length) throw new RangeError('the packed data ends without its mark')
  return String.fromCharCode(...packed.subarray(at, at + 4))
}

function decodeEntropy(header: LzfseHeader, { packed, at, target, done, end }: BlockPlace): number {
  // Without this, a stream of empty blocks would cost a table for each of its few bytes.
  if (end === done) throw new RangeError('a block unpacks to nothing')
  const literalsAt = at + header.size
  const matchesAt = literalsAt + header.literalBytes
  const stop = matchesAt + header.matchBytes
  if (stop > packed.length) throw new RangeError('the packed data ends inside a block')
  const literals = readLiterals(
    header,
    new FseBits(packed, { start: literalsAt, end: matchesAt, spare: header.literalSpare }),
  )
  const bits = new FseBits(packed, { start: matchesAt, end: stop, spare: header.matchSpare })
  const next = valueReaders(header, bits)
  let used = 0
  let reached = done
  let distance = 0
  for (let match = 0; match < header.matchCount; match += 1) {
    const count = next.literalLengths()
    const length = next.matchLengths()
    const newDistance = next.distances()
    if (newDistance !== 0) distance = newDistance
    if (used + count > literals.length) throw new RangeError('a block has too few literals')
    if (reached + count + length > end) throw new RangeError('a block is longer than it says')
    target.set(literals.subarray(used, used + count), reached)
    used += count
    reached += count
    if (length === 0) continue
    copyMatch(target, { done: reached, distance, length })
    reached += length
  }
  if (reached !== end) throw new RangeError('a block is shorter than it says')
  return stop
}

/** Four streams take turns, so that a processor can decode them at once. */
function readLiterals({ literalCount, literalStates, frequencies }: LzfseHeader, bits: FseBits): Uint8Array {
  const literals = new Uint8Array(literalCount)
  if (literalCount === 0) return literals
  const table = fseTable(frequencies.literals, tables.literals.states)
  const states = Uint16Array.from(literalStates)
  for (let index = 0; index < literalCount; index += 1) {
    const turn = index & 3
    const state = states[turn] ?? 0
    literals[index] = table.symbol[state] ?? 0
    states[turn] = nextState(table, state, bits)
  }
  return literals
}

function nextState({ bits: widths, delta }: FseTable, state: number, bits: FseBits): number {
  const width = widths[state] ?? unreachable
  if (width === unreachable) throw new RangeError('a block comes to a state that its tables do not have')
  return (delta[state] ?? 0) + bits.take(width)
}

type ValueName = Exclude<TableName, 'literals'>

/** Of each symbol: the smallest value, and how many bits of the stream are added to it. */
const extraBits: Readonly<Record<ValueName, readonly number[]>> = {
  literalLengths: [...Array.from({ length: 16 }, () => 0), 2, 3, 5, 8],
  matchLengths: [...Array.from({ length: 16 }, () => 0), 3, 5, 8, 11],
  distances: Array.from({ length: 64 }, (_, symbol) => symbol >> 2),
}
const baseValues: Readonly<Record<ValueName, readonly number[]>> = {
  literalLengths: startsOf(extraBits.literalLengths),
  matchLengths: startsOf(extraBits.matchLengths),
  distances: startsOf(extraBits.distances),
}

/** Values follow each other without gaps. */
function startsOf(widths: readonly number[]): number[] {
  let start = 0
  return widths.map((width) => {
    const own = start
    start += 2 ** width
    return own
  })
}

function valueReaders(header: LzfseHeader, bits: FseBits): Record<ValueName, () => number> {
  const reader = (name: ValueName) => {
    const table = fseTable(header.frequencies[name], tables[name].states)
    const [widths, bases] = [extraBits[name], baseValues[name]]
    let state = header.states[name]
    return () => {
      const symbol = table.symbol[state] ?? 0
      state = nextState(table, state, bits)
      return (bases[symbol] ?? 0) + bits.take(widths[symbol] ?? 0)
    }
  }
  return {
    literalLengths: reader('literalLengths'),
    matchLengths: reader('matchLengths'),
    distances: reader('distances'),
  }
}
