import { openChain } from '../chain/open-chain.ts'
import type { ChainOptions } from '../chain/walk-chain.ts'
import type { DiskReader } from '../disk/disk-reader.ts'
import { isWritable, rulesOf } from '../formats/writable-formats.ts'
import { volumeName } from '../guest/guest-names.ts'
import type { WriterFormat } from '../image/disk-writer.ts'
import type { FormatName } from '../image/format-rules.ts'
import type { ImagePorts } from '../image/image-files.ts'
import type { ImageReport } from '../image/image-report.ts'
import { bytesInBoth, bytesInRuns, type RunList } from '../ranges/run-list.ts'
import { readFreeSpace, type FilesystemSpace, type FreeSpace } from '../scan/free-space.ts'
import type { Doubt } from '../scan/free-space-doubts.ts'
import { heldBy } from '../scan/held-free.ts'
import { lostDiscards, type LostDiscard } from './discard-path.ts'
import { UnitCounter, type GivenBack } from './give-back.ts'
import { tellFates } from './tell-fates.ts'
import type { VolumeHolder } from './volume-holder.ts'
import { inspectImage } from './inspect-image.ts'

/** What the image's own files hold: bytes of the disk, of the files, and on the host where that tells. */
export interface Holdings {
  readonly data: number
  readonly file: number
  readonly host: number | null
}

export interface SurveyedFilesystem {
  readonly type: string
  readonly label: string | null
  readonly start: number
  readonly size: number | null
  /** Bytes that it calls free; null where that is not believed. */
  readonly free: number | null
  /** Of those, bytes that the image's own file holds; of a volume at most. */
  readonly held: number
  readonly doubt: Doubt | null
}

/** A part of the disk whose free space nobody sees from here. */
export interface ClosedVolume {
  readonly what: string
  readonly start: number
  readonly length: number
}

/** What is held for nothing, from L6 down to L1, and what writing the image anew would give back. */
export interface ReclaimSurvey {
  readonly format: FormatName
  readonly subformat: string | null
  readonly virtualSize: number
  readonly filesystems: readonly SurveyedFilesystem[]
  readonly closed: readonly ClosedVolume[]
  readonly lost: readonly LostDiscard[]
  /** Free blocks that the image's own file holds, whether its units can be given back or not. */
  readonly heldFree: number
  readonly before: Holdings
  /** Null: its format is not written. */
  readonly after: Holdings | null
  /** L6: free blocks in units that the container gives back. */
  readonly free: number
  /** L3: zeros that were written out, in such units; null: only reading all data tells, and that was not asked for. */
  readonly zeros: number | null
  /** Its data are stored compressed, and by what; the image in its place is too. */
  readonly compression: 'none' | 'zlib' | 'zstd'
  /** Bytes that are free on the host's filesystem; null: not known. */
  readonly room: number | null
  /** Whether that filesystem shares blocks between files: what stays takes no room twice. */
  readonly copyOnWrite: boolean
  /** Of a volume; null: it is a file. */
  readonly holder: VolumeHolder | null
}

export interface SurveyOptions extends ChainOptions {
  /** Whether all data are read, to find zeros that were written out. */
  readonly reads: boolean
  /** Whether free blocks are left as they are. */
  readonly zerosOnly?: boolean
  /** What gives the volume its blocks, where it is one. */
  readonly holder?: VolumeHolder | null
  readonly onProgress?: (done: number, total: number) => void
}

/** Throws what opening the image throws; what the guest holds is told as it is found. */
export async function surveyReclaim(
  path: string,
  ports: ImagePorts,
  { reads, zerosOnly = false, holder: below = null, onProgress, ...options }: SurveyOptions,
): Promise<ReclaimSurvey> {
  await using chain = await openChain(path, ports, options)
  const { disk, own } = chain
  const report = await inspectImage(path, ports, { ...options, map: false })
  const signal = options.signal === undefined ? {} : { signal: options.signal }
  const space = await readFreeSpace(disk, signal)
  const holder = own ?? disk
  const held = await heldBy(holder, space.free, signal)
  const { format, subformat } = report
  const writer = isWritable(format) ? await rulesOf(format).writer() : null
  const kind = writer && kindOf(writer, report, disk.virtualSize)
  const counted = await count(holder, zerosOnly ? new Float64Array() : held, {
    ...signal,
    reads,
    units: below ? [below.unit, below.unit] : kind ? [kind.unit, kind.hole] : [4096, 4096],
    onProgress,
  })
  const before = {
    data: counted.data,
    file: report.fileSize,
    host: below === null ? report.allocated : below.kind === 'fixed' ? report.fileSize : below.held,
  }
  const compression = compressionOf(report, before)
  const isPacked = compression !== 'none' || subformat === 'streamOptimized'
  const after = below
    ? givenToHolder(below, counted, before)
    : kind && predicted({ kind, counted, before, isPacked })
  // Which of its blocks a pool holds is not told, only how many.
  const most = below?.held ?? Infinity
  const given =
    below === null
      ? counted.units
      : below.kind === 'fixed'
        ? { free: 0, zeros: 0 }
        : shareOf(counted.units, before, after)
  return {
    format,
    subformat,
    virtualSize: disk.virtualSize,
    filesystems: space.filesystems.map((one) => {
      const found = surveyed(one, held)
      return { ...found, held: Math.min(found.held, most) }
    }),
    closed: closedVolumes(space),
    lost: lostDiscards({
      format,
      subformat,
      isFixed: kind?.isFixed ?? false,
      guest: space.contents,
      place: report.place,
      snapshots: report.snapshots.length,
      isOverlay: own !== null,
      holder: below,
    }),
    heldFree: Math.min(bytesInRuns(held), most),
    before,
    after,
    free: kind?.keepsAll === true ? 0 : given.free,
    zeros: reads ? (kind?.keepsAll === true ? 0 : given.zeros) : null,
    compression,
    room: report.place.free,
    copyOnWrite: report.place.copyOnWrite === true,
    holder: below,
  }
}

/** The pool goes on holding whole units of it in which anything is needed. */
function givenToHolder({ kind, held }: VolumeHolder, { units }: Counted, before: Holdings): Holdings {
  if (kind === 'fixed') return before
  return {
    ...before,
    data: Math.min(before.data, units.kept),
    host: held === null ? null : Math.min(held, units.kept),
  }
}

/** Free blocks and zeros that the pool holds at most: many of them it may never have had. */
function shareOf(
  { free, zeros }: GivenBack,
  { host: was }: Holdings,
  after: Holdings | null,
): Pick<GivenBack, 'free' | 'zeros'> {
  const is = after?.host ?? null
  const gain = was === null || is === null ? Infinity : was - is
  const ofFree = Math.min(free, gain)
  return { free: ofFree, zeros: Math.min(zeros, gain - ofFree) }
}

interface Kind {
  /** Bytes of which the format keeps or drops whole ones, and those of a hole in its file. */
  readonly unit: number
  readonly hole: number
  readonly isFixed: boolean
  /** Whether its table states every block as data, whatever holes its file has: only the host gets room back. */
  readonly keepsAll: boolean
  /** Bytes of a file with that many bytes of data, at most. */
  readonly fileOf: (dataBytes: number) => number
}

/** Formats whose fixed kind has a table of blocks as its other kinds have; those of others are the plain bytes of the disk. */
const fixedByTable: ReadonlySet<FormatName> = new Set(['vdi', 'vhdx'])

/** Runs of zeros that every writer leaves out of its file, where the blocks of the format are larger. */
const usualHole = 64 * 1024

function kindOf(writer: WriterFormat, { format, subformat, chain }: ImageReport, virtualSize: number): Kind {
  const subformats = isWritable(format) ? rulesOf(format).subformats : []
  const kept = subformat !== null && subformats.includes(subformat) ? { subformat } : {}
  const isRaw = format === 'raw'
  const fileOf = (dataBytes: number) =>
    isRaw ? virtualSize : writer.measure({ virtualSize, dataBytes, compression: 'none', ...kept })
  const { unit } = writer
  const isFixed = chain.length === 1 && fileOf(0) >= virtualSize
  return {
    unit: isFixed ? Math.min(unit, usualHole) : unit,
    hole: Math.min(unit, usualHole),
    isFixed,
    keepsAll: isFixed && fixedByTable.has(format),
    fileOf,
  }
}

interface Counted {
  readonly data: number
  readonly units: GivenBack
  readonly holes: GivenBack
}

/** An upper bound: tables take less, and zeros that nobody looked for are not in it. */
function predicted({
  kind,
  counted,
  before,
  isPacked,
}: {
  readonly kind: Kind
  readonly counted: Counted
  readonly before: Holdings
  readonly isPacked: boolean
}): Holdings {
  const { units, holes } = counted
  const data = Math.min(before.data, units.kept)
  if (isPacked) {
    const share = before.data === 0 ? 1 : data / before.data
    const scaled = (bytes: number) => Math.ceil(bytes * share)
    return { data, file: scaled(before.file), host: before.host === null ? null : scaled(before.host) }
  }
  const file = kind.fileOf(units.kept)
  const tables = kind.isFixed ? Math.max(0, file - kind.fileOf(0)) : Math.max(0, file - units.kept)
  const host = Math.min(file, holes.kept + tables)
  return { data, file, host: before.host === null ? null : host }
}

/** qcow2 alone keeps single clusters compressed; that its file is smaller than its data tells that it does. */
function compressionOf(
  { format, details }: ImageReport,
  { data, file }: Holdings,
): ReclaimSurvey['compression'] {
  if (format !== 'qcow2' || file >= data) return 'none'
  return details['compressionType'] === 'zstd' ? 'zstd' : 'zlib'
}

interface CountOptions {
  readonly signal?: AbortSignal
  readonly reads: boolean
  readonly units: readonly [unit: number, hole: number]
  readonly onProgress: SurveyOptions['onProgress']
}

/** Goes through the data of `holder` once, for both units. */
async function count(holder: DiskReader, free: RunList, options: CountOptions): Promise<Counted> {
  const { units, ...reading } = options
  const counters = units.map((unit) => new UnitCounter(unit, holder.virtualSize)) as [
    UnitCounter,
    UnitCounter,
  ]
  const data = await tellFates(holder, free, { ...reading, step: Math.min(...units) }, (...piece) => {
    for (const counter of counters) counter.add(...piece)
  })
  return { data, units: counters[0].result(), holes: counters[1].result() }
}

/** `held`: what the image's own file holds of all free blocks. */
function surveyed({ filesystem, free, doubt }: FilesystemSpace, held: RunList): SurveyedFilesystem {
  const { type, label, start, size } = filesystem
  return {
    type,
    label,
    start,
    size,
    free: free && bytesInRuns(free),
    held: free ? bytesInBoth(free, held) : 0,
    doubt,
  }
}

/** Volumes in which no filesystem was found: what is free in them is not seen. */
function closedVolumes({ contents }: FreeSpace): ClosedVolume[] {
  return contents.volumes
    .filter(({ start, length, members, type }) => {
      if (type === 'lvm2' && members.length > 0) return false
      const end = start + length
      return !contents.filesystems.some((one) => one.start >= start && one.start < end && one.type !== 'apfs')
    })
    .map(({ type, start, length }) => ({ what: volumeName(type), start, length }))
}
