import type { ByteRange } from '../ranges/byte-range.ts'
import type { DiskReader } from '../disk/disk-reader.ts'
import { DiskError } from '../problems/disk-error.ts'

/** A run of bytes of the disk. */
export interface DiskRun {
  readonly start: number
  readonly length: number
}

/**
 * A part of the guest's disk that may hold a table, a volume or a filesystem: the whole disk, a partition, or a logical
 * volume joined from several runs.
 */
export interface GuestRegion {
  /** The image, for messages. */
  readonly name: string
  /** Byte of the disk at which it begins. */
  readonly start: number
  readonly length: number
  /** `length` bytes at `at`, not to be changed; throws `truncated` outside the region, `limit-exceeded` when too much was read. */
  read(at: number, length: number): Promise<Uint8Array>
  /** The same, or null where the region ends before. */
  peek(at: number, length: number): Promise<Uint8Array | null>
  /** Where the bytes of `range` lie on the disk, in order. */
  place(range: ByteRange): readonly DiskRun[]
}

/** Bytes that are read at the start of each region: the farthest superblock (Btrfs) ends at 68 KiB. */
const headLength = 68 * 1024
/** Bytes looked at over one disk, all bitmaps included: that of an NTFS of 16 TiB has 512 MiB. */
const usualLimit = 640 * 1024 * 1024

export interface GuestDiskOptions {
  readonly signal?: AbortSignal | undefined
  /** Bytes that are looked at, at most. */
  readonly readLimit?: number | undefined
}

/** Reads a disk for recognition: remembers heads of regions, counts what it reads, and stops when asked to. */
export class GuestDisk {
  readonly name: string
  readonly length: number
  readonly #disk: DiskReader
  readonly #signal: AbortSignal | undefined
  readonly #readLimit: number
  #bytesRead = 0
  #windows: { readonly start: number; readonly bytes: Uint8Array }[] = []

  constructor(disk: DiskReader, options: GuestDiskOptions = {}) {
    this.name = disk.name
    this.length = disk.virtualSize
    this.#disk = disk
    this.#signal = options.signal
    this.#readLimit = options.readLimit ?? usualLimit
  }

  whole(): GuestRegion {
    return this.region([{ start: 0, length: this.length }])
  }

  /** The runs joined to one region; parts beyond the end of the disk are cut off. */
  region(runs: readonly DiskRun[]): GuestRegion {
    const inside = runs.flatMap(({ start, length }) => {
      const end = Math.min(start + length, this.length)
      return start >= 0 && start < end ? [{ start, length: end - start }] : []
    })
    return new JoinedRegion(this, inside)
  }

  async read(at: number, length: number): Promise<Uint8Array> {
    this.#signal?.throwIfAborted()
    this.#count(length)
    const window = this.#windows.find(
      ({ start, bytes }) => at >= start && at + length <= start + bytes.length,
    )
    if (window) return window.bytes.subarray(at - window.start, at - window.start + length)
    const bytes = new Uint8Array(length)
    await this.#disk.readInto(bytes, at, this.#signal ? { signal: this.#signal } : {})
    return bytes
  }

  /** Counts what is remembered too: a hostile disk must not make us look at the same place forever. */
  #count(length: number): void {
    this.#bytesRead += length
    if (this.#bytesRead <= this.#readLimit) return
    throw new DiskError('limit-exceeded', {
      file: this.name,
      what: 'bytes read to recognise what the disk holds',
      value: this.#bytesRead,
      limit: this.#readLimit,
    })
  }

  /** Reads and remembers the head of a region, so that all recognisers together cost one read; the last few stay. */
  async remember(at: number, length: number): Promise<void> {
    const end = Math.min(this.length, at + length)
    if (end <= at || this.#windows.some(({ start, bytes }) => start <= at && end <= start + bytes.length))
      return
    const bytes = await this.read(at, end - at)
    this.#windows = [...this.#windows.slice(-3), { start: at, bytes }]
  }

  /** Remembers the head of `region`. */
  async rememberHead(region: GuestRegion): Promise<void> {
    const [first] = region.place({ start: 0, end: Math.min(region.length, headLength) })
    if (first) await this.remember(first.start, first.length)
  }
}

class JoinedRegion implements GuestRegion {
  readonly name: string
  readonly start: number
  readonly length: number
  readonly #disk: GuestDisk
  readonly #runs: readonly DiskRun[]

  constructor(disk: GuestDisk, runs: readonly DiskRun[]) {
    this.#disk = disk
    this.#runs = runs
    this.name = disk.name
    this.start = runs[0]?.start ?? 0
    this.length = runs.reduce((sum, run) => sum + run.length, 0)
  }

  async read(at: number, length: number): Promise<Uint8Array> {
    if (!this.#holds(at, length)) {
      throw new DiskError('truncated', {
        file: this.name,
        structure: `what lies at byte ${at} of the guest's volume at ${this.start}`,
        wanted: length,
        available: Math.max(0, this.length - Math.max(0, at)),
      })
    }
    const runs = this.place({ start: at, end: at + length })
    const [only] = runs
    if (only && runs.length === 1) return this.#disk.read(only.start, only.length)
    const bytes = new Uint8Array(length)
    let filled = 0
    for (const run of runs) {
      bytes.set(await this.#disk.read(run.start, run.length), filled)
      filled += run.length
    }
    return bytes
  }

  async peek(at: number, length: number): Promise<Uint8Array | null> {
    return this.#holds(at, length) ? this.read(at, length) : null
  }

  place({ start, end }: ByteRange): readonly DiskRun[] {
    const placed: DiskRun[] = []
    let before = 0
    for (const run of this.#runs) {
      const from = Math.max(start, before)
      const to = Math.min(end, before + run.length)
      if (from < to) placed.push({ start: run.start + from - before, length: to - from })
      before += run.length
      if (before >= end) break
    }
    return placed
  }

  #holds(at: number, length: number): boolean {
    return Number.isSafeInteger(at) && at >= 0 && length >= 0 && at + length <= this.length
  }
}
