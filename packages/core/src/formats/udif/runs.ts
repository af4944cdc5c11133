import { DiskError } from '../../problems/disk-error.ts'
import {
  blockTable,
  emptyRunTypes,
  runSize,
  runTypes,
  sectorSize,
  tableSignature,
  type RunKind,
} from './trailer.ts'

/** Runs of an image, at most: 1 TiB in runs of 1 MiB. */
const maxRuns = 2 ** 20
/** Bytes that a packed run unpacks to, at most; hdiutil writes up to 1 MiB. */
const maxUnpacked = 64 * 1024 ** 2

/** A run of sectors that are kept in one way; all numbers are bytes, `at` in the file. */
export interface UdifRun {
  readonly kind: RunKind
  readonly start: number
  readonly length: number
  readonly at: number
  readonly packedLength: number
}

export interface RunLimits {
  readonly file: string
  /** The bytes of the file that the runs may use. */
  readonly dataStart: number
  readonly dataEnd: number
}

/** The runs of one block table, checked; throws a coded error for what cannot be. */
export function readRuns(table: Uint8Array, limits: RunLimits): UdifRun[] {
  const { file, dataStart } = limits
  const { signature, firstSector, dataOffset, runCount } = blockTable.read(table, file)
  if (signature !== tableSignature) throw damaged(file, `a table does not start with ${tableSignature}`)
  if (runCount > maxRuns) throw tooMany(file, runCount)
  if (blockTable.size + runCount * runSize > table.length) {
    throw new DiskError('truncated', {
      file,
      structure: blockTable.name,
      wanted: blockTable.size + runCount * runSize,
      available: table.length,
    })
  }
  const view = new DataView(table.buffer, table.byteOffset, table.length)
  const runs: UdifRun[] = []
  for (let index = 0; index < runCount; index += 1) {
    const at = blockTable.size + index * runSize
    const type = view.getUint32(at)
    if (emptyRunTypes.has(type)) continue
    const kind = kindOf(type)
    if (kind === null) {
      const feature = `runs of type 0x${type.toString(16)}`
      throw new DiskError('unsupported-feature', { file, format: 'UDIF', feature })
    }
    const sectors = numberAt(view, at + 16)
    if (sectors === 0) continue
    const run: UdifRun = {
      kind,
      start: (firstSector + numberAt(view, at + 8)) * sectorSize,
      length: sectors * sectorSize,
      at: dataStart + dataOffset + numberAt(view, at + 24),
      packedLength: numberAt(view, at + 32),
    }
    assertSane(run, limits)
    runs.push(run)
  }
  return runs
}

/** The runs of all tables in the order of the disk; throws `corrupt` when two of them are about the same bytes. */
export function sortRuns(runs: readonly UdifRun[], file: string): readonly UdifRun[] {
  if (runs.length > maxRuns) throw tooMany(file, runs.length)
  const sorted = runs.toSorted((first, second) => first.start - second.start)
  let end = 0
  for (const { start, length } of sorted) {
    if (start < end) throw damaged(file, `two runs are about byte ${start} of the disk`)
    end = start + length
  }
  return sorted
}

function assertSane({ kind, start, length, at, packedLength }: UdifRun, limits: RunLimits): void {
  const { file, dataEnd } = limits
  if (!Number.isSafeInteger(start + length)) throw damaged(file, `a run of ${length} bytes at ${start}`)
  if (kind === 'zero' || kind === 'ignore') return
  if (!(at + packedLength <= dataEnd)) {
    throw damaged(file, `the run at byte ${start} lies at ${at}, past the end of the data at ${dataEnd}`)
  }
  if (kind === 'raw') {
    if (packedLength >= length) return
    throw damaged(file, `the raw run at byte ${start} has ${packedLength} of ${length} bytes`)
  }
  if (length > maxUnpacked || packedLength > maxUnpacked) {
    throw new DiskError('limit-exceeded', {
      file,
      what: 'size of a packed run',
      value: Math.max(length, packedLength),
      limit: maxUnpacked,
    })
  }
}

function kindOf(type: number): RunKind | null {
  return (runTypes as Readonly<Record<number, RunKind>>)[type] ?? null
}

/** 64 bits; NaN for what is above 2^53−1, so that every check fails. */
function numberAt(view: DataView, at: number): number {
  const high = view.getUint32(at)
  return high > 0x1f_ffff ? Number.NaN : high * 2 ** 32 + view.getUint32(at + 4)
}

function tooMany(file: string, value: number): DiskError {
  return new DiskError('limit-exceeded', { file, what: 'number of UDIF runs', value, limit: maxRuns })
}

function damaged(file: string, reason: string): DiskError {
  return new DiskError('corrupt', { file, structure: blockTable.name, reason })
}
