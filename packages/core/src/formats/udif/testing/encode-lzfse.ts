import { fseTable, type FseTable } from '../fse-table.ts'
import { tables, type TableName } from '../lzfse-header.ts'

/** Literals, then a match: how many bytes of it, from how far back. */
interface Piece {
  readonly literals: Uint8Array
  readonly length: number
  readonly distance: number
}

const furthest = { entropy: 262_139, lzvn: 65_535 } as const
const most = { literals: 315, match: 2359 } as const

/** An LZFSE stream of blocks of `kind`: small and simple, to test the decoder with as much of the format as there is. */
export function encodeLzfse(bytes: Uint8Array, kind: 'plain' | 'packed' | 'lzvn' | 'stored'): Uint8Array {
  const parts: Uint8Array[] = []
  if (kind === 'stored') parts.push(ascii('bvx-'), words(bytes.length), bytes)
  else if (kind === 'lzvn') {
    const payload = encodeLzvn(piecesOf(bytes, 0, { end: bytes.length, furthest: furthest.lzvn }))
    parts.push(ascii('bvxn'), words(bytes.length, payload.length), payload)
  } else {
    for (let at = 0; at < bytes.length; at += 30_000) {
      const end = Math.min(bytes.length, at + 30_000)
      const pieces = piecesOf(bytes, at, { end, furthest: furthest.entropy })
      parts.push(encodeEntropy(pieces, { length: end - at, kind }))
    }
  }
  return joined([...parts, ascii('bvx$')])
}

/** Greedy parsing; `at` is where the block starts: matches reach into what was before it. */
function piecesOf(bytes: Uint8Array, at: number, limits: { end: number; furthest: number }): Piece[] {
  const seen = new Map<number, number>()
  const keyAt = (place: number) =>
    (bytes[place] ?? 0) | ((bytes[place + 1] ?? 0) << 8) | ((bytes[place + 2] ?? 0) << 16)
  for (let place = Math.max(0, at - limits.furthest); place < at; place += 1) seen.set(keyAt(place), place)
  const pieces: Piece[] = []
  let literalsAt = at
  let place = at
  const push = (length: number, distance: number) => {
    pieces.push({ literals: bytes.subarray(literalsAt, place), length, distance })
    place += length
    literalsAt = place
  }
  while (place < limits.end) {
    const from = seen.get(keyAt(place))
    seen.set(keyAt(place), place)
    let length = 0
    if (from !== undefined && place - from <= limits.furthest) {
      const longest = Math.min(most.match, limits.end - place)
      while (length < longest && bytes[from + length] === bytes[place + length]) length += 1
    }
    if (length >= 4 && from !== undefined) push(length, place - from)
    else {
      place += 1
      if (place - literalsAt === most.literals) push(0, 1)
    }
  }
  if (place > literalsAt) push(0, 1)
  return pieces
}

function encodeLzvn(pieces: readonly Piece[]): Uint8Array {
  const out: number[] = []
  let last = 0
  for (const { literals, length, distance } of pieces) {
    let at = 0
    while (literals.length - at > 3) {
      const count = Math.min(literals.length - at, 271)
      out.push(...(count >= 16 ? [0xe0, count - 16] : [0xe0 | count]), ...literals.subarray(at, at + count))
      at += count
    }
    const rest = [...literals.subarray(at)]
    if (length === 0) {
      if (rest.length > 0) out.push(0xe0 | rest.length, ...rest)
      continue
    }
    let left = length - pushMatch(out, { rest, length, distance: distance === last ? 0 : distance })
    last = distance
    for (; left > 0; left -= Math.min(left, 271)) {
      const count = Math.min(left, 271)
      out.push(...(count >= 16 ? [0xf0, count - 16] : [0xf0 | count]))
    }
    if (out.length % 7 === 0) out.push(0x0e)
  }
  return Uint8Array.from([...out, 0x06, 0, 0, 0, 0, 0, 0, 0])
}

/** One code with the literals `rest` and as much of the match as it can say, which is returned. */
function pushMatch(
  out: number[],
  { rest, length, distance }: { rest: number[]; length: number; distance: number },
): number {
  const short = Math.min(length, 10)
  const medium = Math.min(length, 34)
  const head = (rest.length << 6) | ((short - 3) << 3)
  // `LL` of 3 and `MMM` of 2 or 3 mean other codes.
  const isFree = (code: number) =>
    (code < 0x70 || code >= 0x80) && (code < 0xa0 || code >= 0xc0) && code < 0xd0
  if (distance === 0 && isFree(head) && head >= 0x40) {
    out.push(head | 6, ...rest)
    return short
  }
  const said = distance === 0 ? 1 : distance
  if (distance !== 0 && distance < 0x600 && isFree(head)) {
    out.push(head | (said >> 8), said & 0xff, ...rest)
    return short
  }
  if (distance !== 0 && distance < 0x4000) {
    const m = medium - 3
    out.push(0xa0 | (rest.length << 3) | (m >> 2), ((said & 0x3f) << 2) | (m & 3), said >> 6, ...rest)
    return medium
  }
  if (distance !== 0 && isFree(head)) {
    out.push(head | 7, said & 0xff, said >> 8, ...rest)
    return short
  }
  if (rest.length > 0) out.push(0xe0 | rest.length, ...rest)
  if (distance === 0) return 0
  out.push(((short - 3) << 3) | 7, said & 0xff, said >> 8)
  return short
}

interface Value {
  readonly symbol: number
  readonly extra: number
  readonly width: number
}

function encodeEntropy(
  pieces: readonly Piece[],
  { length, kind }: { length: number; kind: 'plain' | 'packed' },
): Uint8Array {
  const literals = joined(pieces.map((piece) => piece.literals))
  const padded = new Uint8Array(Math.ceil(literals.length / 4) * 4)
  padded.set(literals)
  let last = 0
  const values = pieces.map((piece) => {
    const isSame = piece.distance === last
    last = piece.distance
    return {
      literalLengths: valueOf('literalLengths', piece.literals.length),
      matchLengths: valueOf('matchLengths', piece.length),
      distances: valueOf('distances', isSame ? 0 : piece.distance),
    }
  })
  const symbolsOf = (name: ValueName) => values.map((value) => value[name].symbol)
  const frequencies = {
    literalLengths: frequenciesOf('literalLengths', symbolsOf('literalLengths')),
    matchLengths: frequenciesOf('matchLengths', symbolsOf('matchLengths')),
    distances: frequenciesOf('distances', symbolsOf('distances')),
    literals: frequenciesOf('literals', [...padded]),
  }
  const literalBits = new BitsBackwards()
  const literalStates = [0, 1, 2, 3].map(() => new Coder(frequencies.literals, 'literals'))
  for (let index = padded.length - 1; index >= 0; index -= 1)
    literalStates[index & 3]?.push(padded[index] ?? 0, literalBits)
  const matchBits = new BitsBackwards()
  const coders = {
    literalLengths: new Coder(frequencies.literalLengths, 'literalLengths'),
    matchLengths: new Coder(frequencies.matchLengths, 'matchLengths'),
    distances: new Coder(frequencies.distances, 'distances'),
  }
  for (const value of values.toReversed()) {
    for (const name of ['distances', 'matchLengths', 'literalLengths'] as const) {
      matchBits.push(value[name].extra, value[name].width)
      coders[name].push(value[name].symbol, matchBits)
    }
  }
  const block: BuiltBlock = {
    length,
    literalCount: padded.length,
    matchCount: pieces.length,
    literalStream: literalBits.finish(),
    matchStream: matchBits.finish(),
    literalSpare: literalBits.spare,
    matchSpare: matchBits.spare,
    literalStates: literalStates.map(({ state }) => state),
    states: [coders.literalLengths.state, coders.matchLengths.state, coders.distances.state],
    frequencies: (['literalLengths', 'matchLengths', 'distances', 'literals'] as const).flatMap((name) => [
      ...frequencies[name],
    ]),
  }
  const header = kind === 'plain' ? plainHeader(block) : packedHeader(block)
  return joined([header, block.literalStream, block.matchStream])
}

interface BuiltBlock {
  readonly length: number
  readonly literalCount: number
  readonly matchCount: number
  readonly literalStream: Uint8Array
  readonly matchStream: Uint8Array
  readonly literalSpare: number
  readonly matchSpare: number
  readonly literalStates: readonly number[]
  readonly states: readonly number[]
  readonly frequencies: readonly number[]
}

function plainHeader(block: BuiltBlock): Uint8Array {
  const bytes = new Uint8Array(772)
  const view = new DataView(bytes.buffer)
  bytes.set(ascii('bvx1'))
  const { literalStream, matchStream } = block
  const counts = [
    block.length,
    literalStream.length + matchStream.length,
    block.literalCount,
    block.matchCount,
  ]
  for (const [index, value] of [...counts, literalStream.length, matchStream.length].entries())
    view.setUint32(4 + 4 * index, value, true)
  view.setInt32(28, block.literalSpare, true)
  for (const [index, state] of block.literalStates.entries()) view.setUint16(32 + 2 * index, state, true)
  view.setInt32(40, block.matchSpare, true)
  for (const [index, value] of [...block.states, ...block.frequencies].entries())
    view.setUint16(44 + 2 * index, value, true)
  return bytes
}

function packedHeader(block: BuiltBlock): Uint8Array {
  const bits: number[] = []
  const put = (value: number, width: number) => {
    for (let bit = 0; bit < width; bit += 1) bits.push((value >> bit) & 1)
  }
  for (const frequency of block.frequencies) {
    if (frequency < 2) put(frequency << 1, 2)
    else if (frequency < 4) put(((frequency - 2) << 2) | 1, 3)
    else if (frequency < 8) put(((frequency - 4) << 3) | 3, 5)
    else if (frequency < 24) put(((frequency - 8) << 4) | 7, 8)
    else put(((frequency - 24) << 4) | 15, 14)
  }
  const size = 32 + Math.ceil(bits.length / 8)
  const bytes = new Uint8Array(size)
  bytes.set(ascii('bvx2'))
  const view = new DataView(bytes.buffer)
  view.setUint32(4, block.length, true)
  const word = (at: number, fields: readonly (readonly [number, number])[]) => {
    let value = 0n
    for (const [field, from] of fields) value |= BigInt(field) << BigInt(from)
    view.setBigUint64(at, value, true)
  }
  const [first = 0, second = 0, third = 0, fourth = 0] = block.literalStates
  const [literalState = 0, matchState = 0, distanceState = 0] = block.states
  const { literalStream, matchStream } = block
  word(8, [
    [block.literalCount, 0],
    [literalStream.length, 20],
    [block.matchCount, 40],
    [block.literalSpare + 7, 60],
  ])
  word(16, [
    [first, 0],
    [second, 10],
    [third, 20],
    [fourth, 30],
    [matchStream.length, 40],
    [block.matchSpare + 7, 60],
  ])
  word(24, [
    [size, 0],
    [literalState, 32],
    [matchState, 42],
    [distanceState, 52],
  ])
  for (const [index, bit] of bits.entries())
    bytes[32 + (index >> 3)] = (bytes[32 + (index >> 3)] ?? 0) | (bit << (index & 7))
  return bytes
}

/** Bits that are read from the last to the first. */
class BitsBackwards {
  readonly #bits: number[] = []
  push(value: number, width: number): void {
    for (let bit = 0; bit < width; bit += 1) this.#bits.push((value >> bit) & 1)
  }
  get spare(): number {
    return this.#bits.length - 8 * Math.ceil(this.#bits.length / 8)
  }
  finish(): Uint8Array {
    const bytes = new Uint8Array(Math.ceil(this.#bits.length / 8))
    for (const [index, bit] of this.#bits.entries())
      bytes[index >> 3] = (bytes[index >> 3] ?? 0) | (bit << (index & 7))
    return bytes
  }
}

/** Goes through the states backwards: the state before is the one whose symbol and bits lead to this one. */
class Coder {
  state = 0
  readonly #table: FseTable
  constructor(frequencies: Uint16Array, name: TableName) {
    this.#table = fseTable(frequencies, tables[name].states)
  }
  push(symbol: number, bits: BitsBackwards): void {
    const { symbol: symbols, bits: widths, delta } = this.#table
    for (let before = 0; before < symbols.length; before += 1) {
      const offset = this.state - (delta[before] ?? 0)
      const width = widths[before] ?? 0
      if (symbols[before] !== symbol || width === 0xff || offset < 0 || offset >= 2 ** width) continue
      bits.push(offset, width)
      this.state = before
      return
    }
    throw new RangeError(`no state leads on from symbol ${symbol}`)
  }
}

type ValueName = Exclude<TableName, 'literals'>
const widths: Readonly<Record<ValueName, readonly number[]>> = {
  literalLengths: [...Array.from({ length: 16 }, () => 0), 2, 3, 5, 8],
  matchLengths: [...Array.from({ length: 16 }, () => 0), 3, 5, 8, 11],
  distances: Array.from({ length: 64 }, (_, symbol) => symbol >> 2),
}

function valueOf(name: ValueName, value: number): Value {
  let base = 0
  for (const [symbol, width] of widths[name].entries()) {
    if (value < base + 2 ** width) return { symbol, extra: value - base, width }
    base += 2 ** width
  }
  throw new RangeError(`${value} is too much for ${name}`)
}

/** One state for each symbol there is, the rest for the most frequent one. */
function frequenciesOf(name: TableName, symbols: readonly number[]): Uint16Array {
  const { symbols: count, states } = tables[name]
  const counts = new Float64Array(count)
  for (const symbol of symbols) counts[symbol] = (counts[symbol] ?? 0) + 1
  const frequencies = Uint16Array.from(counts, (seen) =>
    seen === 0 ? 0 : Math.max(1, Math.floor((seen / symbols.length) * (states - count))),
  )
  const sum = frequencies.reduce((total, frequency) => total + frequency, 0)
  const largest = frequencies.indexOf(Math.max(...frequencies))
  frequencies[largest] = (frequencies[largest] ?? 0) + states - sum
  return frequencies
}

function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0))
}

function words(...values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(values.length * 4)
  for (const [index, value] of values.entries()) new DataView(bytes.buffer).setUint32(index * 4, value, true)
  return bytes
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}
