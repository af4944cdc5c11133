import { crc32 } from '../binary/crc32.ts'
import type { Patch } from './sparse-disk.ts'

export interface GptEntry {
  /** GUID as text. */
  readonly type: string
  readonly firstSector: number
  readonly lastSector: number
  readonly name?: string
}

export interface GptOptions {
  readonly sectorSize?: number
  readonly entryCount?: number
  readonly entrySize?: number
  /** Bytes of the disk that the table was made for. */
  readonly size: number
}

/** A protective MBR and both copies of a GPT, as patches: MBR, primary header, primary entries, backup entries, backup header. */
export function gptPatches(
  entries: readonly GptEntry[],
  options: GptOptions,
): [Patch, Patch, Patch, Patch, Patch] {
  const { sectorSize = 512, entryCount = 128, entrySize = 128, size } = options
  const last = Math.floor(size / sectorSize) - 1
  const tableBytes = entryCount * entrySize
  const tableSectors = Math.ceil(tableBytes / sectorSize)
  const table = new Uint8Array(tableBytes)
  const view = new DataView(table.buffer)
  for (const [index, entry] of entries.entries()) {
    const at = index * entrySize
    table.set(guidBytes(entry.type), at)
    table.set(guidBytes(`0000000${index % 10}-1111-2222-3333-444444444444`), at + 16)
    view.setBigUint64(at + 32, BigInt(entry.firstSector), true)
    view.setBigUint64(at + 40, BigInt(entry.lastSector), true)
    const { name = '' } = entry
    for (let i = 0; i < name.length; i += 1) view.setUint16(at + 56 + 2 * i, name.charCodeAt(i), true)
  }
  const header = (own: number, other: number, entriesSector: number) => {
    const bytes = new Uint8Array(sectorSize)
    const fields = new DataView(bytes.buffer)
    bytes.set(new TextEncoder().encode('EFI PART'))
    fields.setUint32(8, 0x10000, true)
    fields.setUint32(12, 92, true)
    fields.setBigUint64(24, BigInt(own), true)
    fields.setBigUint64(32, BigInt(other), true)
    fields.setBigUint64(40, BigInt(2 + tableSectors), true)
    fields.setBigUint64(48, BigInt(last - 1 - tableSectors), true)
    bytes.set(guidBytes('12345678-9ABC-DEF0-1234-56789ABCDEF0'), 56)
    fields.setBigUint64(72, BigInt(entriesSector), true)
    fields.setUint32(80, entryCount, true)
    fields.setUint32(84, entrySize, true)
    fields.setUint32(88, crc32(table), true)
    fields.setUint32(16, crc32(bytes.subarray(0, 92)), true)
    return bytes
  }
  const backupTable = last - tableSectors
  return [
    { at: 0, bytes: mbrSector([{ type: 0xee, firstSector: 1, sectors: Math.min(last, 0xffff_ffff) }]) },
    { at: sectorSize, bytes: header(1, last, 2) },
    { at: 2 * sectorSize, bytes: table },
    { at: backupTable * sectorSize, bytes: table },
    { at: last * sectorSize, bytes: header(last, 1, backupTable) },
  ]
}

export interface MbrEntry {
  readonly type: number
  readonly firstSector: number
  readonly sectors: number
  readonly status?: number
}

/** A boot sector with these entries. */
export function mbrSector(entries: readonly MbrEntry[]): Uint8Array {
  const sector = new Uint8Array(512)
  const view = new DataView(sector.buffer)
  for (const [slot, { type, firstSector, sectors, status = 0 }] of entries.entries()) {
    const at = 446 + slot * 16
    view.setUint8(at, status)
    view.setUint8(at + 4, type)
    view.setUint32(at + 8, firstSector, true)
    view.setUint32(at + 12, sectors, true)
  }
  view.setUint16(510, 0xaa55, true)
  return sector
}

function guidBytes(guid: string): Uint8Array {
  const hex = guid.replaceAll('-', '')
  const plain = Uint8Array.from({ length: 16 }, (_, i) => Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16))
  return Uint8Array.from([3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15], (i) => plain[i] ?? 0)
}
