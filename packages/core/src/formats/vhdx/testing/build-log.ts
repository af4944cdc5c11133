import { parseGuid } from '../../../binary/uuid.ts'
import { sealChecksum } from '../checksum.ts'
import {
  dataDescriptor,
  dataSector,
  descriptorSectors,
  logEntryHeader,
  logSectorSize,
  zeroDescriptor,
} from '../log-entry.ts'
import { logGuid, logLength } from './build-vhdx.ts'

/** What an entry writes: a sector of 4096 bytes at `at`, or `zeroLength` zeros. */
export type PlannedWrite =
  { readonly at: number; readonly sector: Uint8Array } | { readonly at: number; readonly zeroLength: number }

export interface LogEntryPlan {
  readonly sequenceNumber: number
  readonly writes: readonly PlannedWrite[]
  /** Where in the log the sequence starts; 0 when not said. */
  readonly tail?: number
  readonly guid?: string
  readonly flushedFileOffset?: number
  readonly lastFileOffset?: number
}

/** One log entry with the right checksum. */
export function buildLogEntry(plan: LogEntryPlan): Uint8Array {
  const { sequenceNumber, writes, tail = 0, guid = logGuid } = plan
  const head = descriptorSectors({ descriptorCount: writes.length })
  const sectors = writes.filter((write) => 'sector' in write)
  const bytes = new Uint8Array((head + sectors.length) * logSectorSize)
  for (const [index, write] of writes.entries()) {
    bytes.set(descriptor(write, sequenceNumber), logEntryHeader.size + index * zeroDescriptor.size)
  }
  for (const [index, { sector }] of sectors.entries()) {
    const data = dataSector.write({
      signature: 'data',
      sequenceHigh: Math.floor(sequenceNumber / 2 ** 32),
      data: sector.subarray(8, 4092),
      sequenceLow: sequenceNumber % 2 ** 32,
    })
    bytes.set(data, (head + index) * logSectorSize)
  }
  const entry = {
    signature: 'loge',
    checksum: 0,
    entryLength: bytes.length,
    tail,
    sequenceNumber,
    descriptorCount: writes.length,
    logGuid: parseGuid(guid),
    flushedFileOffset: plan.flushedFileOffset ?? 0,
    lastFileOffset: plan.lastFileOffset ?? 0,
  }
  bytes.set(logEntryHeader.write(entry))
  sealChecksum(bytes)
  return bytes
}

/** A log with parts at their places; a part that ends past the end goes on at the start. */
export function buildLog(parts: readonly (readonly [at: number, bytes: Uint8Array])[]): Uint8Array {
  const log = new Uint8Array(logLength)
  for (const [at, bytes] of parts) {
    const room = Math.min(bytes.length, logLength - at)
    log.set(bytes.subarray(0, room), at)
    log.set(bytes.subarray(room))
  }
  return log
}

function descriptor(write: PlannedWrite, sequenceNumber: number): Uint8Array {
  const fileOffset = write.at
  if ('zeroLength' in write) {
    const { zeroLength } = write
    return zeroDescriptor.write({ signature: 'zero', zeroLength, fileOffset, sequenceNumber })
  }
  return dataDescriptor.write({
    signature: 'desc',
    trailingBytes: write.sector.subarray(4092),
    leadingBytes: write.sector.subarray(0, 8),
    fileOffset,
    sequenceNumber,
  })
}
