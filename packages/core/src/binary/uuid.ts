import { fromHex, toHex } from './hex.ts'

/** 16 bytes in the order they are stored, as RFC 9562 writes a UUID: lower case. */
export function formatUuid(bytes: Uint8Array): string {
  const hex = toHex(bytes.subarray(0, 16))
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}

/** Where each byte of the text form of a GUID is stored, and the other way round: the first three fields are little-endian. */
const guidOrder = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15]

/** 16 bytes as Microsoft and UEFI store a GUID (the first three fields little-endian), in upper case. */
export function formatGuid(bytes: Uint8Array): string {
  return formatUuid(Uint8Array.from(guidOrder, (index) => bytes[index] ?? 0)).toUpperCase()
}

/** The bytes that `formatGuid` writes so; throws RangeError for what is no GUID. */
export function parseGuid(text: string): Uint8Array {
  const bytes = fromHex(text.replaceAll('-', ''))
  if (bytes?.length !== 16) throw new RangeError(`${text} is not a GUID`)
  return Uint8Array.from(guidOrder, (index) => bytes[index] ?? 0)
}

/** Whether all bytes are zero: how most formats say that there is no identity. */
export function isNil(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0)
}
