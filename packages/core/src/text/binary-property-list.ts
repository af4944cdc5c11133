import { DiskError } from '../problems/disk-error.ts'
import type { PropertyDictionary, PropertyValue } from './property-value.ts'
import type { XmlPlace } from './xml.ts'

const magic = 'bplist00'
const trailerSize = 32
/** Values of one list, counted as often as something refers to them, at most. */
const maxValues = 100_000
const maxDepth = 32

/** Kinds of objects: the upper half of their first byte (Apple's `CFBinaryPList.c`). */
const kinds = {
  simple: 0,
  integer: 1,
  real: 2,
  date: 3,
  data: 4,
  ascii: 5,
  utf16: 6,
  array: 0xa,
  dictionary: 0xd,
} as const

export function isBinaryPropertyList(bytes: Uint8Array): boolean {
  return String.fromCharCode(...bytes.subarray(0, magic.length)) === magic
}

/** A binary property list (`bplist00`) whose root is a dictionary; throws `corrupt` and `limit-exceeded`. */
export function parseBinaryPropertyList(bytes: Uint8Array, place: XmlPlace): PropertyDictionary {
  const list = openList(bytes, place)
  const root = new Reading(list).value(list.top, 0)
  if (root instanceof Map) return root as PropertyDictionary
  throw malformed(place, 'its root is no dictionary')
}

interface BinaryList {
  readonly bytes: Uint8Array
  readonly view: DataView
  readonly place: XmlPlace
  readonly top: number
  readonly count: number
  readonly offsetsAt: number
  readonly offsetSize: number
  readonly referenceSize: number
}

/** The trailer, checked: six bytes unused, two sizes, number of objects, the root, where the table of offsets stands. */
function openList(bytes: Uint8Array, place: XmlPlace): BinaryList {
  if (!isBinaryPropertyList(bytes) || bytes.length < magic.length + trailerSize)
    throw malformed(place, 'it is cut short')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const trailerAt = bytes.length - trailerSize
  const word = (at: number): number => {
    const value = view.getBigUint64(trailerAt + at)
    return value > BigInt(bytes.length) ? Number.NaN : Number(value)
  }
  const list = {
    bytes,
    view,
    place,
    offsetSize: view.getUint8(trailerAt + 6),
    referenceSize: view.getUint8(trailerAt + 7),
    count: word(8),
    top: word(16),
    offsetsAt: word(24),
  }
  const areSizes = [list.offsetSize, list.referenceSize].every((size) => size >= 1 && size <= 8)
  const end = list.offsetsAt + list.count * list.offsetSize
  if (!areSizes || !(list.offsetsAt >= magic.length) || !(end <= trailerAt) || !(list.top < list.count))
    throw malformed(place, 'its trailer contradicts its length')
  return list
}

class Reading {
  readonly #list: BinaryList
  #values = 0

  constructor(list: BinaryList) {
    this.#list = list
  }

  /** Object number `index`, with all that it refers to. */
  value(index: number, depth: number): PropertyValue {
    const { place, count, offsetsAt, offsetSize, bytes } = this.#list
    if (depth > maxDepth) throw malformed(place, `values lie more than ${maxDepth} deep`)
    this.#values += 1
    if (this.#values > maxValues) {
      const what = `number of values in the ${place.structure}`
      throw new DiskError('limit-exceeded', {
        file: place.file,
        what,
        value: `over ${maxValues}`,
        limit: maxValues,
      })
    }
    if (!(index < count)) throw malformed(place, 'it refers to a value that is not there')
    const at = this.#number(offsetsAt + index * offsetSize, offsetSize)
    if (at < magic.length || at >= offsetsAt) throw malformed(place, 'a value lies outside of it')
    const mark = bytes[at] ?? 0
    return this.#object({ kind: mark >> 4, low: mark & 0x0f, at: at + 1, depth })
  }

  #object({ kind, low, at, depth }: { kind: number; low: number; at: number; depth: number }): PropertyValue {
    switch (kind) {
      case kinds.simple:
        return this.#simple(low)
      case kinds.integer:
        return this.#integer(at, 2 ** low)
      case kinds.real:
      case kinds.date:
        return this.#real(at, 2 ** low)
      case kinds.data:
        return this.#bytesOf(this.#sized(low, at, 1)).slice()
      case kinds.ascii:
        return new TextDecoder('latin1').decode(this.#bytesOf(this.#sized(low, at, 1)))
      case kinds.utf16:
        return new TextDecoder('utf-16be').decode(this.#bytesOf(this.#sized(low, at, 2)))
      case kinds.array:
        return this.#references(this.#sized(low, at, this.#list.referenceSize)).map((index) =>
          this.value(index, depth + 1),
        )
      case kinds.dictionary:
        return this.#dictionary(this.#sized(low, at, 2 * this.#list.referenceSize), depth)
      default:
        throw malformed(this.#list.place, 'it holds a value of a kind that no property list has')
    }
  }

  #simple(low: number): boolean {
    if (low === 8 || low === 9) return low === 9
    throw malformed(this.#list.place, 'it holds a value of a kind that no property list has')
  }

  /** Up to eight bytes are without a sign, except that eight bytes have one; sixteen hold what eight would. */
  #integer(at: number, size: number): number {
    const { view, place } = this.#list
    this.#need(at, size)
    if (size <= 4) return this.#number(at, size)
    if (size === 8) return Number(view.getBigInt64(at))
    if (size === 16 && view.getBigUint64(at) === 0n) return Number(view.getBigUint64(at + 8))
    throw malformed(place, 'a number is too large')
  }

  #real(at: number, size: number): number {
    this.#need(at, size)
    if (size === 4) return this.#list.view.getFloat32(at)
    if (size === 8) return this.#list.view.getFloat64(at)
    throw malformed(this.#list.place, 'a number is none')
  }

  #dictionary({ at, length }: Span, depth: number): ReadonlyMap<string, PropertyValue> {
    const indexes = this.#references({ at, length })
    const half = indexes.length / 2
    const entries = new Map<string, PropertyValue>()
    for (let entry = 0; entry < half; entry += 1) {
      const key = this.value(indexes[entry] ?? 0, depth + 1)
      if (typeof key !== 'string') throw malformed(this.#list.place, 'a key is no text')
      entries.set(key, this.value(indexes[half + entry] ?? 0, depth + 1))
    }
    return entries
  }

  #references({ at, length }: Span): number[] {
    const { referenceSize } = this.#list
    const count = length / referenceSize
    if (count > 2 * maxValues) throw malformed(this.#list.place, 'it refers to more values than there can be')
    return Array.from({ length: count }, (_, index) =>
      this.#number(at + index * referenceSize, referenceSize),
    )
  }

  /** Where `low` units of `unit` bytes lie; 15 means that their number follows as an integer. */
  #sized(low: number, at: number, unit: number): Span {
    let [count, start] = [low, at]
    if (low === 15) {
      this.#need(at, 1)
      const mark = this.#list.bytes[at] ?? 0
      if (mark >> 4 !== kinds.integer) throw malformed(this.#list.place, 'a length is no number')
      const size = 2 ** (mark & 0x0f)
      count = this.#integer(at + 1, size)
      start = at + 1 + size
    }
    this.#need(start, count * unit)
    return { at: start, length: count * unit }
  }

  #bytesOf({ at, length }: Span): Uint8Array {
    return this.#list.bytes.subarray(at, at + length)
  }

  #number(at: number, size: number): number {
    this.#need(at, size)
    let value = 0
    for (let index = 0; index < size; index += 1) value = value * 256 + (this.#list.bytes[at + index] ?? 0)
    return value
  }

  #need(at: number, length: number): void {
    const { bytes, place } = this.#list
    if (!(length >= 0) || !(at + length <= bytes.length - trailerSize))
      throw malformed(place, 'a value is cut short')
  }
}

interface Span {
  readonly at: number
  readonly length: number
}

function malformed({ file, structure }: XmlPlace, reason: string): DiskError {
  return new DiskError('corrupt', { file, structure, reason })
}
