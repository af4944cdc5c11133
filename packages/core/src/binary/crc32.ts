/** A checksum over bytes; `start` is the register before the first byte, `raw` leaves the result as the register is. */
type Crc = (bytes: Uint8Array, options?: { readonly start?: number; readonly raw?: boolean }) => number

/** Bytes taken at once: as many tables, table `n` telling what a byte does that `n` more bytes follow. */
const stride = 8

/** CRC-32 of IEEE 802.3, as zlib, GPT and LVM use it. */
export const crc32 = reflectedCrc(0xedb88320)

/** CRC-32C (Castagnoli), as iSCSI, ext4, XFS, Btrfs and VHDX use it. */
export const crc32c = reflectedCrc(0x82f63b78)

function reflectedCrc(polynomial: number): Crc {
  const tables = tablesOf(polynomial)
  const lookUp = (table: number, byte: number) => tables[table * 256 + (byte & 0xff)] ?? 0
  return (bytes, { start = 0xffff_ffff, raw = false } = {}) => {
    let value = start | 0
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    const stridesEnd = bytes.length - (bytes.length % stride)
    for (let at = 0; at < stridesEnd; at += stride) {
      const low = value ^ view.getInt32(at, true)
      const high = view.getInt32(at + 4, true)
      value =
        lookUp(7, low) ^
        lookUp(6, low >>> 8) ^
        lookUp(5, low >>> 16) ^
        lookUp(4, low >>> 24) ^
        lookUp(3, high) ^
        lookUp(2, high >>> 8) ^
        lookUp(1, high >>> 16) ^
        lookUp(0, high >>> 24)
    }
    for (let at = stridesEnd; at < bytes.length; at += 1) {
      value = (value >>> 8) ^ lookUp(0, value ^ view.getUint8(at))
    }
    return (raw ? value : ~value) >>> 0
  }
}

function tablesOf(polynomial: number): Int32Array {
  const tables = new Int32Array(stride * 256)
  for (let byte = 0; byte < 256; byte += 1) {
    let value = byte
    for (let bit = 0; bit < 8; bit += 1) value = (value & 1) === 1 ? (value >>> 1) ^ polynomial : value >>> 1
    tables[byte] = value
  }
  for (let index = 256; index < tables.length; index += 1) {
    const before = tables[index - 256] ?? 0
    tables[index] = (before >>> 8) ^ (tables[before & 0xff] ?? 0)
  }
  return tables
}
