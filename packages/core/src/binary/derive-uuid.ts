import { fromHex } from './hex.ts'

/** The 16 bytes of a UUID as it is printed; throws RangeError for what is none. */
export function parseUuid(text: string): Uint8Array {
  const bytes = fromHex(text.replaceAll('-', ''))
  if (!/^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/iu.test(text) || bytes?.length !== 16)
    throw new RangeError(`${text} is not a UUID`)
  return bytes
}

/** A UUID made from `id` and a number, for formats that want several: the same for the same pair, different otherwise. */
export function deriveUuid(id: string, number: number): Uint8Array {
  const bytes = parseUuid(id)
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  view.setUint32(10, (view.getUint32(10) ^ Math.imul(number, 0x9e37_79b1)) >>> 0)
  return bytes
}
