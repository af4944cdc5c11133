import { crc32c } from '../../binary/crc32.ts'
import { checksumAt } from './header.ts'

const zeroField = new Uint8Array(4)

/** CRC-32C over a structure in one or more parts, its own checksum field (bytes 4 to 8 of the first) taken as zero. */
export function structureChecksum(parts: readonly Uint8Array[]): number {
  const [first = zeroField, ...rest] = parts
  let register = crc32c(first.subarray(0, checksumAt), { raw: true })
  register = crc32c(zeroField, { start: register, raw: true })
  register = crc32c(first.subarray(checksumAt + 4), { start: register, raw: true })
  for (const part of rest) register = crc32c(part, { start: register, raw: true })
  return ~register >>> 0
}

/** Whether a structure holds the checksum that its bytes give. */
export function hasRightChecksum(structure: Uint8Array): boolean {
  const stored = new DataView(structure.buffer, structure.byteOffset).getUint32(checksumAt, true)
  return stored === structureChecksum([structure])
}

/** Puts the right checksum into `structure`. */
export function sealChecksum(structure: Uint8Array): void {
  new DataView(structure.buffer, structure.byteOffset).setUint32(
    checksumAt,
    structureChecksum([structure]),
    true,
  )
}
