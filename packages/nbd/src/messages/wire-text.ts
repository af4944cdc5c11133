const encoder = new TextEncoder()
const lenient = new TextDecoder()

/** UTF-8 bytes of `text`. */
export function utf8(text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(text)
}

/** At most `length` bytes of `text` in UTF-8, cut between characters. */
export function utf8UpTo(text: string, length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(Math.min(length, text.length * 3))
  return bytes.subarray(0, encoder.encodeInto(text, bytes).written)
}

/** What a peer said, for people: bad UTF-8 and control characters become visible marks, the length is bounded. */
export function peerText(bytes: Uint8Array): string {
  return lenient
    .decode(bytes.subarray(0, 1000))
    .replaceAll(/[\u0000-\u001F\u007F-\u009F\u200B-\u200F\u2028-\u202E\u2066-\u2069\uFEFF]/gu, '\uFFFD')
}

/** `parts` one after the other. */
export function joined(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}

/** A 32-bit big-endian number. */
export function u32(value: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, value)
  return bytes
}

/** A 16-bit big-endian number. */
export function u16(value: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(2)
  new DataView(bytes.buffer).setUint16(0, value)
  return bytes
}

/** A string with its 32-bit length before it. */
export function lengthAndText(text: string): Uint8Array<ArrayBuffer> {
  const bytes = utf8(text)
  return joined(u32(bytes.length), bytes)
}
