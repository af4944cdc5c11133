import { crc32 } from '@varve/core/binary/crc32'
import { structureChecksum } from '@varve/core/formats/vhdx/checksum'
import { checksumOf } from '@varve/core/formats/vhd/header'
import type { Scratch } from './scratch.ts'

/** Makes the checksums of a changed image right again: behind a wrong one nothing else would be looked at. */
export function sealChecksums(scratch: Scratch): void {
  sealVhdx(scratch)
  sealVhd(scratch)
  for (const sectorSize of [512, 4096]) sealGpt(scratch, sectorSize)
}

const kib = 1024

function startsWith(bytes: Uint8Array, at: number, text: string): boolean {
  return Buffer.from(bytes.subarray(at, at + text.length)).toString('latin1') === text
}

/** [MS-VHDX] 2.2.2, 2.2.3.1 and 2.3.1.1: headers, region tables, log entries. */
function sealVhdx(scratch: Scratch): void {
  const bytes = scratch.view()
  if (!startsWith(bytes, 0, 'vhdxfile')) return
  const seal = (at: number, length: number) => {
    if (at + length <= bytes.length)
      scratch.write(at + 4, uint32(structureChecksum([bytes.subarray(at, at + length)]), true))
  }
  for (const at of [64 * kib, 128 * kib]) if (startsWith(bytes, at, 'head')) seal(at, 4 * kib)
  for (const at of [192 * kib, 256 * kib]) if (startsWith(bytes, at, 'regi')) seal(at, 64 * kib)
  for (let at = kib * kib; at + 12 <= Math.min(bytes.length, 3 * kib * kib); at += 4 * kib) {
    if (!startsWith(bytes, at, 'loge')) continue
    const length = new DataView(bytes.buffer, bytes.byteOffset + at).getUint32(8, true)
    if (length >= 64 && length <= kib * kib) seal(at, length)
  }
}

function sealVhd(scratch: Scratch): void {
  const bytes = scratch.view()
  for (const at of [0, bytes.length - 512]) {
    if (at >= 0 && startsWith(bytes, at, 'conectix')) {
      scratch.write(at + 64, uint32(checksumOf(bytes.subarray(at, at + 512), 64), false))
    }
  }
}

/** UEFI 5.3.2: the header's own CRC and that of the entries. */
function sealGpt(scratch: Scratch, sectorSize: number): void {
  const bytes = scratch.view()
  for (const at of [sectorSize, bytes.length - sectorSize]) {
    if (at < sectorSize || at + 92 > bytes.length || !startsWith(bytes, at, 'EFI PART')) continue
    const view = new DataView(bytes.buffer, bytes.byteOffset + at)
    const length = view.getUint32(12, true)
    const entriesAt = Number(view.getBigUint64(72, true)) * sectorSize
    const entriesSize = view.getUint32(80, true) * view.getUint32(84, true)
    if (entriesAt + entriesSize <= bytes.length) {
      scratch.write(at + 88, uint32(crc32(bytes.subarray(entriesAt, entriesAt + entriesSize)), true))
    }
    if (length < 92 || length > sectorSize || at + length > bytes.length) continue
    scratch.write(at + 16, uint32(0, true))
    scratch.write(at + 16, uint32(crc32(bytes.subarray(at, at + length)), true))
  }
}

function uint32(value: number, isLittle: boolean): Uint8Array {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, value, isLittle)
  return bytes
}
