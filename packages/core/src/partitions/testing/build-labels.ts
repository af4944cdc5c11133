import { crc32 } from '../../binary/crc32.ts'

/** An entry of a label, in sectors of the label; of a disklabel64, in bytes. */
export interface BuiltEntry {
  readonly index: number
  readonly first: number
  readonly size: number
  readonly type: number
  readonly flag?: number
}

export interface BuiltBsd {
  readonly isBigEndian?: boolean
  readonly sectorSize?: number
  /** OpenBSD's version 1 with upper halves. */
  readonly isVersion1?: boolean
  readonly entryCount?: number
}

/** A BSD disklabel with a right checksum. */
export function bsdLabel(entries: readonly BuiltEntry[], options: BuiltBsd = {}): Uint8Array {
  const { isBigEndian = false, sectorSize = 512, isVersion1 = false, entryCount = 16 } = options
  const bytes = new Uint8Array(148 + entryCount * 16)
  const view = new DataView(bytes.buffer)
  const little = !isBigEndian
  view.setUint32(0, 0x82564557, little)
  view.setUint32(132, 0x82564557, little)
  view.setUint32(40, sectorSize, little)
  view.setUint16(138, entryCount, little)
  if (isVersion1) {
    view.setUint16(114, 1, little)
    bytes.set([1, 2, 3, 4, 5, 6, 7, 8], 64)
  }
  for (const { index, first, size, type } of entries) {
    const at = 148 + index * 16
    view.setUint32(at, size % 2 ** 32, little)
    view.setUint32(at + 4, first % 2 ** 32, little)
    if (isVersion1) {
      view.setUint16(at + 8, Math.floor(first / 2 ** 32), little)
      view.setUint16(at + 10, Math.floor(size / 2 ** 32), little)
    }
    view.setUint8(at + 12, type)
  }
  putXor(bytes, 136)
  return bytes
}

/** A disklabel64 in bytes of its slice. */
export function disklabel64(entries: readonly BuiltEntry[]): Uint8Array {
  const bytes = new Uint8Array(712 + 16 * 64)
  const view = new DataView(bytes.buffer)
  view.setUint32(512, 0xc4464c59, true)
  view.setUint32(524, 16, true)
  bytes.fill(7, 528, 544)
  for (const { index, first, size, type } of entries) {
    view.setBigUint64(712 + index * 64, BigInt(first), true)
    view.setBigUint64(712 + index * 64 + 8, BigInt(size), true)
    view.setUint8(712 + index * 64 + 16, type)
  }
  view.setUint32(516, crc32(bytes.subarray(512)), true)
  return bytes
}

/** The VTOC of Solaris on x86, from the start of its partition. */
export function solarisVtoc(entries: readonly BuiltEntry[]): Uint8Array {
  const bytes = new Uint8Array(1024)
  const view = new DataView(bytes.buffer, 512)
  view.setUint32(12, 0x600ddeee, true)
  view.setUint32(16, 1, true)
  view.setUint16(28, 512, true)
  view.setUint16(30, 16, true)
  putSlices(view, 72, entries)
  return bytes
}

/** The VTOC of UnixWare, from the start of its partition. */
export function unixwareVtoc(entries: readonly BuiltEntry[]): Uint8Array {
  const bytes = new Uint8Array(30 * 512)
  const view = new DataView(bytes.buffer, 29 * 512)
  view.setUint32(4, 0xcae5600d, true)
  view.setUint32(156, 0x600ddeee, true)
  view.setUint16(172, 16, true)
  putSlices(view, 216, entries)
  return bytes
}

/** A Sun disklabel: first cylinders of 16 sectors, sizes in sectors. */
export function sunLabel(entries: readonly BuiltEntry[]): Uint8Array {
  const bytes = new Uint8Array(512)
  const view = new DataView(bytes.buffer)
  view.setUint32(128, 1)
  view.setUint16(140, 8)
  view.setUint32(188, 0x600ddeee)
  view.setUint16(436, 1)
  view.setUint16(438, 16)
  for (const { index, first, size, type } of entries) {
    view.setUint16(142 + index * 4, type)
    view.setUint32(444 + index * 8, first)
    view.setUint32(448 + index * 8, size)
  }
  view.setUint16(508, 0xdabe)
  putXor(bytes, 510)
  return bytes
}

function putSlices(view: DataView, at: number, entries: readonly BuiltEntry[]): void {
  for (const { index, first, size, type, flag = 0 } of entries) {
    view.setUint16(at + index * 12, type, true)
    view.setUint16(at + index * 12 + 2, flag, true)
    view.setUint32(at + index * 12 + 4, first, true)
    view.setUint32(at + index * 12 + 8, size, true)
  }
}

/** Makes the exclusive or of all 16-bit words zero by the word at `at`. */
function putXor(bytes: Uint8Array, at: number): void {
  for (let i = 0; i < bytes.length; i += 2) {
    if (i === at) continue
    bytes[at] = (bytes[at] ?? 0) ^ (bytes[i] ?? 0)
    bytes[at + 1] = (bytes[at + 1] ?? 0) ^ (bytes[i + 1] ?? 0)
  }
}
