/**
 * The bits of an LZFSE stream, which is read from its end to its start: the last byte holds the bits written last, and
 * `spare` (0 to −7) says how many of its upper bits are none.
 */
export class FseBits {
  readonly #bytes: Uint8Array
  readonly #start: number
  #at: number
  #held = 0
  #count = 0

  /** Throws RangeError when the stream has no bits or its spare bits are not zero. */
  constructor(bytes: Uint8Array, { start, end, spare }: { start: number; end: number; spare: number }) {
    if (spare > 0 || spare < -7) throw new RangeError('a stream has a wrong number of spare bits')
    this.#bytes = bytes
    this.#start = start
    this.#at = end
    if (spare === 0) return
    if (end <= start) throw new RangeError('a stream is empty')
    this.#at -= 1
    this.#held = bytes[this.#at] ?? 0
    this.#count = 8 + spare
    if (this.#held >>> this.#count !== 0) throw new RangeError('the spare bits of a stream are not zero')
  }

  /** The next `count` bits (at most 16); throws RangeError when the stream has no more. */
  take(count: number): number {
    while (this.#count < count) {
      if (this.#at <= this.#start) throw new RangeError('a stream ends inside a code')
      this.#at -= 1
      this.#held = (this.#held << 8) | (this.#bytes[this.#at] ?? 0)
      this.#count += 8
    }
    this.#count -= count
    const taken = this.#held >>> this.#count
    this.#held &= (1 << this.#count) - 1
    return taken
  }
}
