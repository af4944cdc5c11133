import { toHex } from '../binary/hex.ts'

/** The first 32 bits of the fractional parts of the cube roots of the first 64 primes (FIPS 180-4, section 4.2.2). */
const constants = fractions(64, 1 / 3)
/** Of the square roots of the first 8 primes (section 5.3.3). */
const initial = fractions(8, 1 / 2)

function fractions(count: number, power: number): Uint32Array {
  const found = new Uint32Array(count)
  let at = 0
  for (let number = 2; at < count; number += 1) {
    if (!isPrime(number)) continue
    const root = number ** power
    found[at] = Math.floor((root - Math.floor(root)) * 2 ** 32)
    at += 1
  }
  return found
}

function isPrime(number: number): boolean {
  for (let factor = 2; factor * factor <= number; factor += 1) if (number % factor === 0) return false
  return true
}

/** SHA-256 of bytes, for where the platform offers none: browsers have theirs on secure pages only. */
export function sha256(bytes: Uint8Array): Uint8Array {
  const state = initial.slice()
  const words = new Uint32Array(64)
  const whole = bytes.length - (bytes.length % 64)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  for (let at = 0; at < whole; at += 64) block(state, words, { view, at })
  const tail = new Uint8Array(bytes.length - whole < 56 ? 64 : 128)
  tail.set(bytes.subarray(whole))
  tail[bytes.length - whole] = 0x80
  const end = new DataView(tail.buffer)
  end.setBigUint64(tail.length - 8, BigInt(bytes.length) * 8n)
  for (let at = 0; at < tail.length; at += 64) block(state, words, { view: end, at })
  const digest = new Uint8Array(32)
  const out = new DataView(digest.buffer)
  state.forEach((word, index) => out.setUint32(index * 4, word))
  return digest
}

const utf8 = new TextEncoder()

/** SHA-256 of a short text as UTF-8, in lower-case hexadecimal; Node's own takes ten milliseconds to load. */
export function hexSha256(text: string): string {
  return toHex(sha256(utf8.encode(text)))
}

interface Block {
  readonly view: DataView
  readonly at: number
}

/** Section 6.2.2; the arrays are as long as their indexes go. */
function block(state: Uint32Array, words: Uint32Array, { view, at }: Block): void {
  for (let index = 0; index < 16; index += 1) words[index] = view.getUint32(at + index * 4)
  for (let index = 16; index < 64; index += 1) {
    const near = words[index - 2] ?? 0
    const far = words[index - 15] ?? 0
    const s1 = turn(near, 17) ^ turn(near, 19) ^ (near >>> 10)
    const s0 = turn(far, 7) ^ turn(far, 18) ^ (far >>> 3)
    words[index] = (words[index - 16] ?? 0) + s0 + (words[index - 7] ?? 0) + s1
  }
  let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = state
  for (let index = 0; index < 64; index += 1) {
    const s1 = turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)
    const one = (h + s1 + ((e & f) ^ (~e & g)) + (constants[index] ?? 0) + (words[index] ?? 0)) | 0
    const s0 = turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)
    const two = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0
    h = g
    g = f
    f = e
    e = (d + one) | 0
    d = c
    c = b
    b = a
    a = (one + two) | 0
  }
  ;[a, b, c, d, e, f, g, h].forEach((word, index) => {
    state[index] = (state[index] ?? 0) + word
  })
}

function turn(word: number, by: number): number {
  return (word >>> by) | (word << (32 - by))
}
