/** Tables of CRC-64 (ECMA-182, reflected) as xz has it: the upper and the lower half of what each byte does. */
const [high, low] = makeTables()

/** A CRC-64 that is made piece by piece. */
export class Crc64 {
  #high = -1
  #low = -1

  update(bytes: Uint8Array): void {
    let [upper, lower] = [this.#high, this.#low]
    for (let at = 0; at < bytes.length; at += 1) {
      const index = (lower ^ (bytes[at] ?? 0)) & 0xff
      lower = ((lower >>> 8) | (upper << 24)) ^ (low[index] ?? 0)
      upper = (upper >>> 8) ^ (high[index] ?? 0)
    }
    this.#high = upper
    this.#low = lower
  }

  /** Eight bytes, the lowest first. */
  digest(): Uint8Array {
    const bytes = new Uint8Array(8)
    const view = new DataView(bytes.buffer)
    view.setInt32(0, ~this.#low, true)
    view.setInt32(4, ~this.#high, true)
    return bytes
  }
}

function makeTables(): [Int32Array, Int32Array] {
  const polynomial = 0xc96c_5795_d787_0f42n
  const upper = new Int32Array(256)
  const lower = new Int32Array(256)
  for (let byte = 0; byte < 256; byte += 1) {
    let value = BigInt(byte)
    for (let bit = 0; bit < 8; bit += 1)
      value = (value & 1n) === 1n ? (value >> 1n) ^ polynomial : value >> 1n
    upper[byte] = Number(value >> 32n) | 0
    lower[byte] = Number(value & 0xffff_ffffn) | 0
  }
  return [upper, lower]
}
