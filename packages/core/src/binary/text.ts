const decoders = {
  'utf-8': new TextDecoder('utf-8'),
  'utf-16le': new TextDecoder('utf-16le'),
  'utf-16be': new TextDecoder('utf-16be'),
  latin1: new TextDecoder('latin1'),
} as const

/**
 * A label as people may see it: up to the first NUL, without blanks at its ends, control and direction characters
 * replaced. Null when nothing is left.
 */
export function labelOf(bytes: Uint8Array, encoding: keyof typeof decoders = 'utf-8'): string | null {
  const [text = ''] = decoders[encoding].decode(bytes).split('\0', 1)
  const visible = text
    .trim()
    .replaceAll(/[\u0000-\u001F\u007F-\u009F\u200B-\u200F\u2028-\u202E\u2066-\u2069\uFEFF]/gu, '\uFFFD')
  return visible === '' ? null : visible
}

/** Bytes as characters of one byte each, for comparing signatures. */
export function signatureOf(bytes: Uint8Array, at: number, length: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + length))
}
