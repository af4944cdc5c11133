import { readRange, type ByteSource } from '../../binary/byte-source.ts'
import { formatGuid } from '../../binary/uuid.ts'
import { DiskError } from '../../problems/disk-error.ts'
import type { Problem } from '../../problems/problem.ts'
import type { ImageFile } from '../../image/image-files.ts'
import { damaged, type VhdxHeader } from './header.ts'
import { logSectorSize, readLogEntry, writesOf, type Log, type LogEntry } from './log-entry.ts'
import { patchedSource } from './patched-source.ts'

/** Bytes of a log that is replayed, at most; Hyper-V and QEMU make logs of 1 MiB. */
const maxLog = 32 * 1024 * 1024
/** Writes that are replayed, at most: what 2 MiB of descriptors can hold. */
const maxWrites = 65_536
/** Checksums are computed over at most this many times the log; entries of an honest log do not overlap. */
const maxPasses = 4

export interface Replayed {
  /** The file as it will be once the log is written to its places. */
  readonly source: ByteSource
  readonly problems: readonly Problem[]
}

/**
 * The file with its log replayed in memory; the file itself is not changed. Throws `corrupt` for a log without a valid
 * sequence, `truncated` for a file that lost what the log says was flushed, `limit-exceeded` above the stated limits.
 */
export async function replayLog({ source, path }: ImageFile, header: VhdxHeader): Promise<Replayed> {
  const { logLength, logOffset } = header
  if (logLength > maxLog) throw tooMuch(path, 'length of the VHDX log', { value: logLength, limit: maxLog })
  const range = { start: logOffset, end: logOffset + logLength }
  const log = {
    bytes: await readRange(source, range, 'VHDX log'),
    guid: formatGuid(header.logGuid),
  }
  const found = findActiveSequence(log, path)
  const [first] = found?.entries ?? []
  const last = found?.entries.at(-1)
  if (!found || !first || !last) {
    const reason = 'it must be replayed, and no sequence of entries in it is whole'
    throw damaged(path, 'VHDX log', { reason, offset: logOffset })
  }
  if (last.flushedFileOffset > source.size) {
    throw new DiskError('truncated', {
      file: path,
      structure: 'VHDX file as its log knows it',
      wanted: last.flushedFileOffset,
      available: source.size,
    })
  }
  const count = found.entries.reduce((sum, { descriptorCount }) => sum + descriptorCount, 0)
  if (count > maxWrites)
    throw tooMuch(path, 'number of writes in the VHDX log', { value: count, limit: maxWrites })
  const writes = found.entries.flatMap((entry) => [...writesOf(log, entry)])
  const numbers = { first: first.sequenceNumber, last: last.sequenceNumber }
  return {
    source: patchedSource(source, writes, last.lastFileOffset),
    problems: [
      replayed(path, logOffset, numbers),
      ...(found.newest > numbers.last ? [entriesLeftOut(path, logOffset, numbers.last)] : []),
    ],
  }
}

interface ActiveSequence {
  /** From its tail to its head. */
  readonly entries: readonly LogEntry[]
  /** The highest sequence number of all whole entries of this log. */
  readonly newest: number
}

/** [MS-VHDX] 2.3.3: of all valid sequences the one whose head has the highest sequence number. */
function findActiveSequence(log: Log, path: string): ActiveSequence | null {
  const entryAt = entryCache(log, path)
  let candidate: readonly LogEntry[] | null = null
  let newest = 0
  for (let tail = 0; tail < log.bytes.length;) {
    const sequence = sequenceFrom(tail, entryAt, log.bytes.length)
    const head = sequence.at(-1)
    newest = Math.max(newest, head?.sequenceNumber ?? 0)
    const start = sequence.findIndex(({ at }) => at === head?.tail)
    if (!head || start === -1) {
      tail += logSectorSize
      continue
    }
    if (head.sequenceNumber > (candidate?.at(-1)?.sequenceNumber ?? 0)) candidate = sequence.slice(start)
    const next = (head.at + head.length) % log.bytes.length
    if (next <= tail) break
    tail = next
  }
  return candidate && { entries: candidate, newest }
}

/** Entries that follow each other from `tail` on, each with the next sequence number. */
function sequenceFrom(
  tail: number,
  entryAt: (at: number) => LogEntry | null,
  logLength: number,
): readonly LogEntry[] {
  const sequence: LogEntry[] = []
  for (let at = tail; ;) {
    const entry = entryAt(at)
    const before = sequence.at(-1)
    if (!entry || (before && entry.sequenceNumber !== before.sequenceNumber + 1)) return sequence
    sequence.push(entry)
    at = (at + entry.length) % logLength
  }
}

function entryCache(log: Log, path: string): (at: number) => LogEntry | null {
  const known = new Map<number, LogEntry | null>()
  const limit = log.bytes.length * maxPasses
  let checked = 0
  const onChecksum = (bytes: number) => {
    checked += bytes
    if (checked > limit)
      throw tooMuch(path, 'bytes of overlapping entries in the VHDX log', { value: checked, limit })
  }
  return (at) => {
    const found = known.get(at)
    if (found !== undefined) return found
    const entry = readLogEntry(log, at, onChecksum)
    known.set(at, entry)
    return entry
  }
}

function tooMuch(file: string, what: string, { value, limit }: { value: number; limit: number }): DiskError {
  return new DiskError('limit-exceeded', { file, what, value, limit })
}

function replayed(file: string, offset: number, { first, last }: { first: number; last: number }): Problem {
  return {
    id: 'vhdx-log-replayed',
    severity: 'warn',
    layer: 'L2',
    file,
    message:
      `It was not closed cleanly: log entries ${first} to ${last} are not yet written to their places. ` +
      'They are replayed in memory; the file is not changed.',
    remedy:
      'Make sure that no machine uses it, then attach it once with the hypervisor to have the log written.',
    offset,
  }
}

function entriesLeftOut(file: string, offset: number, last: number): Problem {
  return {
    id: 'vhdx-log-entries-left-out',
    severity: 'warn',
    layer: 'L2',
    file,
    message: `The log has entries after number ${last}, but one between is torn: what they wrote is lost.`,
    remedy: 'Check the filesystem inside the disk, and compare it with a backup.',
    offset,
  }
}
