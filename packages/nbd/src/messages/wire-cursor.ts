import { limits } from './numbers.ts'

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Reads fields of variable place from a message. What is not there reads as 0 or '' and makes `isIntact` false,
 * so that a decoder asks once, at its end.
 */
export class WireCursor {
  #at = 0
  #isIntact = true
  readonly #bytes: Uint8Array
  readonly #view: DataView

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  }

  /** Nothing was missing and no string was too long or not UTF-8. */
  get isIntact(): boolean {
    return this.#isIntact
  }

  /** Intact, and nothing is left over. */
  get isFinished(): boolean {
    return this.#isIntact && this.#at === this.#bytes.length
  }

  u16(): number {
    return this.#has(2) ? this.#view.getUint16(this.#skip(2)) : 0
  }

  u32(): number {
    return this.#has(4) ? this.#view.getUint32(this.#skip(4)) : 0
  }

  /** A string of `length` bytes, at most 4096. */
  text(length: number): string {
    if (length > limits.string || !this.#has(length)) {
      this.#isIntact = false
      return ''
    }
    const at = this.#skip(length)
    try {
      return strictUtf8.decode(this.#bytes.subarray(at, at + length))
    } catch {
      this.#isIntact = false
      return ''
    }
  }

  /** All that is left, as a string. */
  rest(): string {
    return this.text(this.#bytes.length - this.#at)
  }

  #has(length: number): boolean {
    if (this.#isIntact && this.#at + length <= this.#bytes.length) return true
    this.#isIntact = false
    return false
  }

  #skip(length: number): number {
    const at = this.#at
    this.#at += length
    return at
  }
}
