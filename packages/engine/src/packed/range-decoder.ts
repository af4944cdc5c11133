const topValue = 2 ** 24

/** The range decoder of LZMA over one chunk; a probability of 2,048ths adapts by a 32nd. Reading past the chunk throws RangeError. */
export class RangeDecoder {
  #bytes: Uint8Array = new Uint8Array(0)
  #at = 0
  #range = 0
  #code = 0

  /** Takes over a chunk: a zero, four bytes of code, and what follows. */
  start(bytes: Uint8Array): void {
    if (bytes.length < 5 || bytes[0] !== 0) throw new RangeError('a chunk does not start as one')
    this.#bytes = bytes
    this.#range = -1
    this.#code = new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getInt32(1)
    this.#at = 5
  }

  /** Whether all was read, and nothing is left over. */
  isFinished(): boolean {
    return this.#at === this.#bytes.length && this.#code === 0
  }

  bit(probabilities: Uint16Array, index: number): number {
    const probability = probabilities[index] ?? 0
    const bound = Math.imul(this.#range >>> 11, probability)
    let bit = 0
    if (this.#code >>> 0 < bound >>> 0) {
      this.#range = bound
      probabilities[index] = probability + ((2048 - probability) >> 5)
    } else {
      this.#range = (this.#range - bound) | 0
      this.#code = (this.#code - bound) | 0
      probabilities[index] = probability - (probability >> 5)
      bit = 1
    }
    if (this.#range >>> 0 < topValue) this.#next()
    return bit
  }

  /** `count` bits, the highest first, by a tree of probabilities that starts at `start`. */
  tree(probabilities: Uint16Array, start: number, count: number): number {
    let node = 1
    for (let index = 0; index < count; index += 1) node = (node << 1) | this.bit(probabilities, start + node)
    return node - (1 << count)
  }

  /** `count` bits, the lowest first. */
  reverseTree(probabilities: Uint16Array, start: number, count: number): number {
    let node = 1
    let value = 0
    for (let index = 0; index < count; index += 1) {
      const bit = this.bit(probabilities, start + node)
      node = (node << 1) | bit
      value |= bit << index
    }
    return value
  }

  /** `count` bits that are equally likely. */
  direct(count: number): number {
    let value = 0
    for (let index = 0; index < count; index += 1) {
      this.#range >>>= 1
      const isSet = this.#code >>> 0 >= this.#range >>> 0
      if (isSet) this.#code = (this.#code - this.#range) | 0
      value = value * 2 + (isSet ? 1 : 0)
      if (this.#range >>> 0 < topValue) this.#next()
    }
    return value
  }

  #next(): void {
    const byte = this.#bytes[this.#at]
    if (byte === undefined) throw new RangeError('a chunk ends inside a code')
    this.#at += 1
    this.#range <<= 8
    this.#code = (this.#code << 8) | byte
  }
}
