/** Symbols and states of the four tables of a block: literal lengths, match lengths, distances, literals. */
export const tables = {
  literalLengths: { symbols: 20, states: 64 },
  matchLengths: { symbols: 20, states: 64 },
  distances: { symbols: 64, states: 256 },
  literals: { symbols: 256, states: 1024 },
} as const
export type TableName = keyof typeof tables
const tableNames = ['literalLengths', 'matchLengths', 'distances', 'literals'] as const

const maxMatches = 10_000
const maxLiterals = 4 * maxMatches

/** What stands before the two streams of an entropy-coded block (`bvx1`, `bvx2`; Apple's `lzfse_internal.h`). */
export interface LzfseHeader {
  /** Bytes of the header itself. */
  readonly size: number
  readonly literalCount: number
  readonly matchCount: number
  /** Bytes of the stream of literals, which comes first, and of the stream of lengths and distances. */
  readonly literalBytes: number
  readonly matchBytes: number
  /** 0 to −7: upper bits of the last byte of each stream that are none. */
  readonly literalSpare: number
  readonly matchSpare: number
  readonly literalStates: readonly number[]
  readonly states: Readonly<Record<Exclude<TableName, 'literals'>, number>>
  readonly frequencies: Readonly<Record<TableName, Uint16Array>>
}

/** A header with plain tables (`bvx1`) at `at`; throws RangeError for what no encoder writes. */
export function readPlainHeader(bytes: Uint8Array, at: number): LzfseHeader {
  const view = viewOf(bytes, at, plainSize)
  const frequencies = noFrequencies()
  let place = 50
  for (const name of tableNames) {
    const table = frequencies[name]
    for (let symbol = 0; symbol < table.length; symbol += 1, place += 2)
      table[symbol] = view.getUint16(place, true)
  }
  return checked({
    size: plainSize,
    literalCount: view.getUint32(12, true),
    matchCount: view.getUint32(16, true),
    literalBytes: view.getUint32(20, true),
    matchBytes: view.getUint32(24, true),
    literalSpare: view.getInt32(28, true),
    matchSpare: view.getInt32(40, true),
    literalStates: [32, 34, 36, 38].map((from) => view.getUint16(from, true)),
    states: {
      literalLengths: view.getUint16(44, true),
      matchLengths: view.getUint16(46, true),
      distances: view.getUint16(48, true),
    },
    frequencies,
  })
}

const plainSize = 772
const packedStart = 32

/** A header with packed tables (`bvx2`) at `at`; throws RangeError for what no encoder writes. */
export function readPackedHeader(bytes: Uint8Array, at: number): LzfseHeader {
  const view = viewOf(bytes, at, packedStart)
  const [first, second, third] = [8, 16, 24].map((from) => view.getBigUint64(from, true))
  const field = (word: bigint | undefined, from: number, bits: number) =>
    Number(((word ?? 0n) >> BigInt(from)) & ((1n << BigInt(bits)) - 1n))
  const size = field(third, 0, 32)
  if (size < packedStart || at + size > bytes.length) throw new RangeError('a header ends outside the data')
  return checked({
    size,
    literalCount: field(first, 0, 20),
    literalBytes: field(first, 20, 20),
    matchCount: field(first, 40, 20),
    literalSpare: field(first, 60, 3) - 7,
    literalStates: [0, 10, 20, 30].map((from) => field(second, from, 10)),
    matchBytes: field(second, 40, 20),
    matchSpare: field(second, 60, 3) - 7,
    states: {
      literalLengths: field(third, 32, 10),
      matchLengths: field(third, 42, 10),
      distances: field(third, 52, 10),
    },
    frequencies: unpackFrequencies(bytes.subarray(at + packedStart, at + size)),
  })
}

/**
 * Frequencies one after the other, lowest bits first: `00` 0, `10` 1, `001` 2, `101` 3, `xx011` 4 to 7, `xxxx0111` 8 to
 * 23, ten bits and `1111` 24 and up. Without any bytes all are 0.
 */
function unpackFrequencies(packed: Uint8Array): Record<TableName, Uint16Array> {
  const frequencies = noFrequencies()
  if (packed.length === 0) return frequencies
  let at = 0
  let held = 0
  let count = 0
  const take = (bits: number): number => {
    const taken = held & ((1 << bits) - 1)
    held >>>= bits
    count -= bits
    if (count < 0) throw new RangeError('a header ends inside its tables')
    return taken
  }
  for (const name of tableNames) {
    const table = frequencies[name]
    for (let symbol = 0; symbol < table.length; symbol += 1) {
      while (count <= 16 && at < packed.length) {
        held |= (packed[at] ?? 0) << count
        at += 1
        count += 8
      }
      table[symbol] = nextFrequency(held, take)
    }
  }
  if (count >= 8 || at < packed.length) throw new RangeError('a header goes on behind its tables')
  return frequencies
}

function nextFrequency(held: number, take: (bits: number) => number): number {
  if ((held & 1) === 0) return take(2) >> 1
  if ((held & 2) === 0) return (take(3) >> 2) + 2
  if ((held & 4) === 0) return (take(5) >> 3) + 4
  if ((held & 8) === 0) return (take(8) >> 4) + 8
  return (take(14) >> 4) + 24
}

function noFrequencies(): Record<TableName, Uint16Array> {
  return {
    literalLengths: new Uint16Array(tables.literalLengths.symbols),
    matchLengths: new Uint16Array(tables.matchLengths.symbols),
    distances: new Uint16Array(tables.distances.symbols),
    literals: new Uint16Array(tables.literals.symbols),
  }
}

function checked(header: LzfseHeader): LzfseHeader {
  const { literalCount, matchCount, literalStates, states } = header
  if (literalCount > maxLiterals || literalCount % 4 !== 0)
    throw new RangeError(`a block of ${literalCount} literals`)
  if (matchCount > maxMatches) throw new RangeError(`a block of ${matchCount} matches`)
  const areStates =
    literalStates.every((state) => state < tables.literals.states) &&
    states.literalLengths < tables.literalLengths.states &&
    states.matchLengths < tables.matchLengths.states &&
    states.distances < tables.distances.states
  if (!areStates) throw new RangeError('a block starts in a state that its tables do not have')
  return header
}

function viewOf(bytes: Uint8Array, at: number, size: number): DataView {
  if (at + size > bytes.length) throw new RangeError('a header ends outside the data')
  return new DataView(bytes.buffer, bytes.byteOffset + at, size)
}
