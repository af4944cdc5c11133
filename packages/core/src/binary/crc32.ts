/** A checksum over bytes; `start` is the register before the first byte, `raw` leaves the result as the register is. */
type Crc = (bytes: Uint8Array, options?: { readonly start?: number; readonly raw?: boolean }) => number

/** CRC-32 of IEEE 802.3, as zlib, GPT and LVM use it. */
export const crc32 = reflectedCrc(0xedb88320)

/** CRC-32C (Castagnoli), as iSCSI, ext4, XFS, Btrfs and VHDX use it. */
export const crc32c = reflectedCrc(0x82f63b78)

function reflectedCrc(polynomial: number): Crc {
  const table = Uint32Array.from({ length: 256 }, (_, byte) => {
    let value = byte
    for (let bit = 0; bit < 8; bit += 1) {
      value = (value & 1) === 1 ? (value >>> 1) ^ polynomial : value >>> 1
    }
    return value >>> 0
  })
  return (bytes, { start = 0xffff_ffff, raw = false } = {}) => {
    let value = start
    for (const byte of bytes) value = (value >>> 8) ^ (table[(value ^ byte) & 0xff] ?? 0)
    return (raw ? value : ~value) >>> 0
  }
}
