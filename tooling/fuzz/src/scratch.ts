interface Overwritten {
  readonly at: number
  readonly bytes: Uint8Array
}

/** The bytes of a seed, to be changed in place and put back: copying megabytes for a few bits would be the slowest part. */
export class Scratch {
  readonly #bytes: Uint8Array
  readonly #old: Overwritten[] = []
  #size: number

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes.slice()
    this.#size = bytes.length
  }

  /** Bytes that are left after cutting. */
  get size(): number {
    return this.#size
  }

  get isChanged(): boolean {
    return this.#old.length > 0 || this.#size !== this.#bytes.length
  }

  /** What the image consists of now; good until the next change. */
  view(): Uint8Array {
    return this.#bytes.subarray(0, this.#size)
  }

  byteAt(at: number): number {
    return this.#bytes[at] ?? 0
  }

  /** Overwrites from byte `at` on; what would lie past the end is left out. */
  write(at: number, bytes: Uint8Array): void {
    if (at < 0 || at >= this.#size) return
    const part = bytes.slice(0, this.#size - at)
    this.#old.push({ at, bytes: this.#bytes.slice(at, at + part.length) })
    this.#bytes.set(part, at)
  }

  cut(size: number): void {
    this.#size = Math.max(0, Math.min(this.#size, size))
  }

  /** The seed again. */
  restore(): void {
    this.#size = this.#bytes.length
    for (const { at, bytes } of this.#old.reverse()) this.#bytes.set(bytes, at)
    this.#old.length = 0
  }
}
