import { LzmaProbabilities, lengthStart, matchMinimum, type LengthModel } from './lzma-model.ts'
import { RangeDecoder } from './range-decoder.ts'

/** Bytes that one chunk of LZMA2 unpacks to, at most. */
const maxChunk = 2 * 1024 ** 2
/** Bytes behind the dictionary: it is moved to the front when they are full. */
const slack = 8 * maxChunk

/**
 * LZMA2 (xz file format 1.2.1, section 5.3.1; the LZMA specification of Igor Pavlov), chunk by chunk. Memory: the
 * dictionary and 16 MiB. Throws RangeError for what no encoder writes.
 */
export class Lzma2Decoder {
  readonly #dictionary: number
  readonly #window: Uint8Array
  readonly #range = new RangeDecoder()
  #model = new LzmaProbabilities({ lc: 0, lp: 0, pb: 0 })
  #at = 0
  /** Bytes unpacked since the dictionary was reset. */
  #position = 0
  /** Bytes in front of `#at` that matches may reach. */
  #known = 0
  #needs: 'dictionary' | 'properties' | 'nothing' = 'dictionary'

  constructor(dictionary: number) {
    this.#dictionary = dictionary
    this.#window = new Uint8Array(dictionary + slack)
  }

  /** Unpacks a chunk that is stored as it is; the result is good until the next chunk. */
  stored(bytes: Uint8Array, resetsDictionary: boolean): Uint8Array {
    this.#startChunk(bytes.length)
    if (resetsDictionary) this.#reset()
    else if (this.#needs === 'dictionary')
      throw new RangeError('the first chunk does not reset the dictionary')
    this.#window.set(bytes, this.#at)
    return this.#endChunk(bytes.length)
  }

  /**
   * Unpacks an LZMA chunk to `size` bytes. `control`: its first byte, which says what starts anew; `properties`: the byte
   * that follows when it says so.
   */
  packed(bytes: Uint8Array, { control, size, properties }: PackedChunk): Uint8Array {
    this.#startChunk(size)
    const resets = (control >> 5) & 3
    if (resets === 3) this.#reset()
    if (this.#needs === 'dictionary') throw new RangeError('the first chunk does not reset the dictionary')
    if (resets >= 2) this.#model = new LzmaProbabilities(propertiesOf(properties))
    else if (this.#needs === 'properties') throw new RangeError('a chunk comes before its properties')
    else if (resets === 1) this.#model = new LzmaProbabilities(this.#model.properties)
    this.#needs = 'nothing'
    this.#range.start(bytes)
    this.#decode(size)
    if (!this.#range.isFinished()) throw new RangeError('a chunk is longer than what it unpacks to')
    return this.#endChunk(size)
  }

  #reset(): void {
    this.#known = 0
    this.#position = 0
    this.#needs = 'properties'
  }

  #startChunk(size: number): void {
    if (size > maxChunk) throw new RangeError('a chunk is larger than there can be')
    if (this.#at + size <= this.#window.length) return
    const kept = Math.min(this.#known, this.#dictionary)
    this.#window.copyWithin(0, this.#at - kept, this.#at)
    this.#at = kept
  }

  #endChunk(size: number): Uint8Array {
    this.#at += size
    this.#position += size
    this.#known = Math.min(this.#dictionary, this.#known + size)
    return this.#window.subarray(this.#at - size, this.#at)
  }

  /** Literals and matches until `size` bytes are there; `#at` stays where it was. */
  #decode(size: number): void {
    const [range, model, window] = [this.#range, this.#model, this.#window]
    const { pbMask } = model
    const start = this.#at
    const end = start + size
    const first = start - this.#known
    let at = start
    while (at < end) {
      const posState = (this.#position + at - start) & pbMask
      if (range.bit(model.isMatch, (model.state << 4) + posState) === 0) {
        window[at] = this.#literal(at, first)
        at += 1
        continue
      }
      const length = this.#matchLength(posState, at > first)
      const distance = model.rep0 + 1
      if (distance > at - first || distance > this.#dictionary)
        throw new RangeError('a match starts before the data')
      if (at + length > end) throw new RangeError('a match goes on behind its chunk')
      if (distance >= length) window.copyWithin(at, at - distance, at - distance + length)
      else for (let to = at; to < at + length; to += 1) window[to] = window[to - distance] ?? 0
      at += length
    }
  }

  #literal(at: number, first: number): number {
    const [range, model, window] = [this.#range, this.#model, this.#window]
    const before = at > first ? (window[at - 1] ?? 0) : 0
    const position = this.#position + at - this.#at
    const context = ((position & model.lpMask) << model.lc) + (before >> (8 - model.lc))
    const base = context * 0x300
    let symbol = 1
    if (model.state >= 7) {
      const distance = model.rep0 + 1
      if (distance > at - first) throw new RangeError('a match starts before the data')
      let matched = window[at - distance] ?? 0
      do {
        const matchBit = (matched >> 7) & 1
        matched <<= 1
        const bit = range.bit(model.literals, base + ((1 + matchBit) << 8) + symbol)
        symbol = (symbol << 1) | bit
        if (matchBit !== bit) break
      } while (symbol < 0x100)
    }
    while (symbol < 0x100) symbol = (symbol << 1) | range.bit(model.literals, base + symbol)
    model.state = model.state < 4 ? 0 : model.state < 10 ? model.state - 3 : model.state - 6
    return symbol & 0xff
  }

  /** Bytes of a match whose distance is then `rep0 + 1`. */
  #matchLength(posState: number, hasData: boolean): number {
    const [range, model] = [this.#range, this.#model]
    const { state } = model
    if (range.bit(model.isRep, state) === 0) {
      model.rep3 = model.rep2
      model.rep2 = model.rep1
      model.rep1 = model.rep0
      const length = this.#length(model.matchLengths, posState)
      model.state = state < 7 ? 7 : 10
      model.rep0 = this.#distance(length)
      return length
    }
    if (!hasData) throw new RangeError('a match starts before the data')
    if (range.bit(model.isRepG0, state) === 0) {
      if (range.bit(model.isRep0Long, (state << 4) + posState) === 0) {
        model.state = state < 7 ? 9 : 11
        return 1
      }
    } else {
      let distance: number
      if (range.bit(model.isRepG1, state) === 0) distance = model.rep1
      else {
        if (range.bit(model.isRepG2, state) === 0) distance = model.rep2
        else {
          distance = model.rep3
          model.rep3 = model.rep2
        }
        model.rep2 = model.rep1
      }
      model.rep1 = model.rep0
      model.rep0 = distance
    }
    model.state = state < 7 ? 8 : 11
    return this.#length(model.repLengths, posState)
  }

  #length(lengths: LengthModel, posState: number): number {
    const range = this.#range
    if (range.bit(lengths.choices, 0) === 0)
      return matchMinimum + range.tree(lengths.low, lengthStart(posState), 3)
    if (range.bit(lengths.choices, 1) === 0)
      return matchMinimum + 8 + range.tree(lengths.middle, lengthStart(posState), 3)
    return matchMinimum + 16 + range.tree(lengths.high, 0, 8)
  }

  #distance(length: number): number {
    const [range, model] = [this.#range, this.#model]
    const lengthState = Math.min(length - matchMinimum, 3)
    const slot = range.tree(model.distanceSlots, lengthState << 6, 6)
    if (slot < 4) return slot
    const bits = (slot >> 1) - 1
    const high = (2 | (slot & 1)) * 2 ** bits
    if (slot < 14) return high + range.reverseTree(model.distances, high - slot, bits)
    return high + range.direct(bits - 4) * 16 + range.reverseTree(model.alignment, 0, 4)
  }
}

export interface PackedChunk {
  readonly control: number
  readonly size: number
  readonly properties: number
}

/** One byte holds all three: (pb × 5 + lp) × 9 + lc; LZMA2 allows lc + lp up to 4. */
function propertiesOf(byte: number): { lc: number; lp: number; pb: number } {
  const lc = byte % 9
  const lp = Math.floor(byte / 9) % 5
  const pb = Math.floor(byte / 45)
  if (pb > 4 || lc + lp > 4) throw new RangeError('the properties of a chunk are none')
  return { lc, lp, pb }
}
