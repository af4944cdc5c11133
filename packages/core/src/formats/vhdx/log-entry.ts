import { ascii, bytes, u32le, u64le } from '../../binary/fields.ts'
import { struct } from '../../binary/struct.ts'
import { formatGuid } from '../../binary/uuid.ts'
import { isDiskError } from '../../problems/disk-error.ts'
import { structureChecksum } from './checksum.ts'

/** Bytes of a log sector: entries, their descriptors and their data come in whole ones. */
export const logSectorSize = 4096

/** [MS-VHDX] 2.3.1.1, Log Entry Header. */
export const logEntryHeader = struct('VHDX log entry', 64, {
  signature: [0, ascii(4)],
  checksum: [4, u32le],
  entryLength: [8, u32le],
  tail: [12, u32le],
  sequenceNumber: [16, u64le],
  descriptorCount: [24, u32le],
  logGuid: [32, bytes(16)],
  flushedFileOffset: [48, u64le],
  lastFileOffset: [56, u64le],
})

/** [MS-VHDX] 2.3.1.2, Zero Descriptor. */
export const zeroDescriptor = struct('VHDX log zero descriptor', 32, {
  signature: [0, ascii(4)],
  zeroLength: [8, u64le],
  fileOffset: [16, u64le],
  sequenceNumber: [24, u64le],
})

/** [MS-VHDX] 2.3.1.3, Data Descriptor. */
export const dataDescriptor = struct('VHDX log data descriptor', 32, {
  signature: [0, ascii(4)],
  trailingBytes: [4, bytes(4)],
  leadingBytes: [8, bytes(8)],
  fileOffset: [16, u64le],
  sequenceNumber: [24, u64le],
})

/** [MS-VHDX] 2.3.1.4, Data Sector: the descriptor holds the bytes that its signature and halves of a number displace. */
export const dataSector = struct('VHDX log data sector', logSectorSize, {
  signature: [0, ascii(4)],
  sequenceHigh: [4, u32le],
  data: [8, bytes(4084)],
  sequenceLow: [4092, u32le],
})

/** What a log entry does to bytes `start` to `end` of the file: `sector` replaces them, null makes them zero. */
export interface LogWrite {
  readonly start: number
  readonly end: number
  readonly sector: Uint8Array | null
}

/** A valid log entry: its place in the log and what it says. */
export interface LogEntry {
  readonly at: number
  readonly length: number
  readonly tail: number
  readonly sequenceNumber: number
  readonly flushedFileOffset: number
  readonly lastFileOffset: number
  readonly descriptorCount: number
}

/** The ring of log sectors; an entry may go on at its start. */
export interface Log {
  readonly bytes: Uint8Array
  /** As `formatGuid` writes it; entries of another are left from before. */
  readonly guid: string
}

/**
 * The entry at byte `at` of the log, or null when none there is whole and of this log ([MS-VHDX] 2.3.2). The checksum comes
 * last, so that sectors which cannot be an entry cost nothing; `onChecksum` is told its bytes beforehand.
 */
export function readLogEntry(log: Log, at: number, onChecksum: (bytes: number) => void): LogEntry | null {
  const entry = orNull(() => readUnproven(log, at))
  if (!entry) return null
  onChecksum(entry.length)
  const sectors = Array.from({ length: entry.length / logSectorSize }, (_, index) =>
    sectorOf(log, entry, index),
  )
  return structureChecksum(sectors) === entry.checksum ? entry : null
}

/** An entry that says nothing impossible. */
function readUnproven(log: Log, at: number): (LogEntry & { readonly checksum: number }) | null {
  const { signature, entryLength: length, logGuid, ...entry } = logEntryHeader.read(log.bytes, '', at)
  if (signature !== 'loge' || formatGuid(logGuid) !== log.guid || entry.sequenceNumber === 0) return null
  if (length === 0 || length % logSectorSize !== 0 || length > log.bytes.length) return null
  if (entry.tail % logSectorSize !== 0 || entry.tail >= log.bytes.length) return null
  const found = { ...entry, at, length }
  return hasWholeDescriptors(log, found) ? found : null
}

/** What the entry writes, in the order of its descriptors. */
export function* writesOf(log: Log, entry: LogEntry): Generator<LogWrite> {
  let dataIndex = descriptorSectors(entry)
  for (let index = 0; index < entry.descriptorCount; index += 1) {
    const { sector, at } = descriptorAt(log, entry, index)
    if (sector[at] === zeroSignature) {
      const { fileOffset, zeroLength } = zeroDescriptor.read(sector, '', at)
      yield { start: fileOffset, end: fileOffset + zeroLength, sector: null }
      continue
    }
    const { fileOffset, leadingBytes, trailingBytes } = dataDescriptor.read(sector, '', at)
    const data = sectorOf(log, entry, dataIndex).slice()
    data.set(leadingBytes)
    data.set(trailingBytes, logSectorSize - trailingBytes.length)
    dataIndex += 1
    yield { start: fileOffset, end: fileOffset + logSectorSize, sector: data }
  }
}

/** The first letter of `zero`. */
const zeroSignature = 0x7a

function hasWholeDescriptors(log: Log, entry: LogEntry): boolean {
  const sectors = entry.length / logSectorSize
  const firstData = descriptorSectors(entry)
  if (firstData > sectors) return false
  let next = firstData
  for (let index = 0; index < entry.descriptorCount; index += 1) {
    const { sector, at } = descriptorAt(log, entry, index)
    const { signature, fileOffset, sequenceNumber, zeroLength } = zeroDescriptor.read(
      withoutPayload(sector, at),
      '',
    )
    if (sequenceNumber !== entry.sequenceNumber || fileOffset % logSectorSize !== 0) return false
    if (signature === 'zero') {
      if (zeroLength % logSectorSize !== 0 || !Number.isSafeInteger(fileOffset + zeroLength)) return false
      continue
    }
    if (signature !== 'desc' || next >= sectors || !isDataSector(sectorOf(log, entry, next), entry))
      return false
    if (!Number.isSafeInteger(fileOffset + logSectorSize)) return false
    next += 1
  }
  return true
}

/** A descriptor whose middle is a number only when it is a zero descriptor. */
function withoutPayload(sector: Uint8Array, at: number): Uint8Array {
  const descriptor = sector.slice(at, at + zeroDescriptor.size)
  if (descriptor[0] !== zeroSignature) descriptor.fill(0, 8, 16)
  return descriptor
}

function isDataSector(sector: Uint8Array, { sequenceNumber }: LogEntry): boolean {
  const view = new DataView(sector.buffer, sector.byteOffset)
  return (
    String.fromCharCode(...sector.subarray(0, 4)) === 'data' &&
    view.getUint32(4, true) === Math.floor(sequenceNumber / 2 ** 32) &&
    view.getUint32(4092, true) === sequenceNumber % 2 ** 32
  )
}

/** Sectors of an entry that hold its header and its descriptors. */
export function descriptorSectors({ descriptorCount }: Pick<LogEntry, 'descriptorCount'>): number {
  return Math.ceil((logEntryHeader.size + descriptorCount * zeroDescriptor.size) / logSectorSize)
}

function descriptorAt(log: Log, entry: LogEntry, index: number): { sector: Uint8Array; at: number } {
  const byte = logEntryHeader.size + index * zeroDescriptor.size
  return { sector: sectorOf(log, entry, Math.floor(byte / logSectorSize)), at: byte % logSectorSize }
}

function sectorOf({ bytes }: Log, { at }: Pick<LogEntry, 'at'>, index: number): Uint8Array {
  const start = (at + index * logSectorSize) % bytes.length
  return bytes.subarray(start, start + logSectorSize)
}

/** A number above 2^53−1 is none that a log has. */
function orNull<T>(read: () => T | null): T | null {
  try {
    return read()
  } catch (error) {
    if (isDiskError(error, 'limit-exceeded')) return null
    throw error
  }
}
