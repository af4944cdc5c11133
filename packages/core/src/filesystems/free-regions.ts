import type { FilesystemFinding } from '../guest/guest-contents.ts'
import type { GuestRegion } from '../guest/guest-region.ts'

type FreeByRegion = FilesystemFinding['freeByRegion']

/** Regions that a finding carries at most: they travel with every report. */
export const maxFreeRegions = 256

/** Free bytes of a run of the filesystem. */
export interface FreeRun {
  readonly at: number
  readonly length: number
  readonly free: number
}

/**
 * Free bytes by region of the disk, from runs of a filesystem that follow each other; neighbours are joined until no more
 * than 256 are left. Empty when a logical volume breaks a run into pieces, since nobody knows in which the free bytes lie.
 */
export function freeByRegion(region: GuestRegion, runs: readonly FreeRun[]): FreeByRegion {
  const perRegion = Math.ceil(runs.length / maxFreeRegions)
  const joined: { at: number; length: number; free: number }[] = []
  for (const [index, run] of runs.entries()) {
    const last = joined.at(-1)
    if (last && index % perRegion !== 0 && last.at + last.length === run.at) {
      last.length += run.length
      last.free += run.free
    } else {
      joined.push({ ...run })
    }
  }
  if (joined.length > maxFreeRegions) return []
  const placed: FreeByRegion[number][] = []
  for (const { at, length, free } of joined) {
    const [first, second] = region.place({ start: at, end: at + length })
    if (!first) continue
    if (second) return []
    placed.push({ start: first.start, length: first.length, free: Math.min(free, first.length) })
  }
  return placed.toSorted((a, b) => a.start - b.start)
}

/** Bits of `bitmap` that are not set, among its first `count`; bit 0 is the lowest of the first byte. */
export function countClearBits(bitmap: Uint8Array, count: number): number {
  const whole = Math.min(bitmap.length, Math.floor(count / 8))
  const rest = whole < bitmap.length ? count - whole * 8 : 0
  let set = countSetBits(bitmap, whole)
  if (rest > 0) set += bitsSet[(bitmap[whole] ?? 0) & ((1 << rest) - 1)] ?? 0
  return whole * 8 + rest - set
}

/** Bits that are set in the first `length` bytes. */
function countSetBits(bitmap: Uint8Array, length: number): number {
  let set = 0
  let at = 0
  while (at < length && (bitmap.byteOffset + at) % 4 !== 0) set += bitsSet[bitmap[at++] ?? 0] ?? 0
  const words = wordsOf(bitmap.subarray(at, length))
  for (let i = 0; i < words.length; i += 1) {
    let word = words[i] ?? 0
    if (word === 0) continue
    word -= (word >>> 1) & 0x5555_5555
    word = (word & 0x3333_3333) + ((word >>> 2) & 0x3333_3333)
    set += Math.imul((word + (word >>> 4)) & 0x0f0f_0f0f, 0x0101_0101) >>> 24
  }
  for (at += words.length * 4; at < length; at += 1) set += bitsSet[bitmap[at] ?? 0] ?? 0
  return set
}

/** The whole words of `bytes`, which begin at a place of memory that is a multiple of 4 unless they are none. */
function wordsOf(bytes: Uint8Array): Uint32Array {
  const count = Math.floor(bytes.length / 4)
  return count === 0 ? new Uint32Array() : new Uint32Array(bytes.buffer, bytes.byteOffset, count)
}

const bitsSet = Uint8Array.from({ length: 256 }, (_, byte) => {
  let count = 0
  for (let rest = byte; rest > 0; rest >>= 1) count += rest & 1
  return count
})

/** The allocation units that a bitmap has one bit for: how many, their bytes, and where the first lies. */
export interface BitmapUnits {
  readonly count: number
  readonly size: number
  readonly firstAt: number
}

export interface FreeSpace {
  /** Bytes. */
  readonly free: number
  readonly runs: readonly FreeRun[]
}

/** Free space of an allocation bitmap with one bit per unit: in all, and per run of units. */
export function freeFromBitmap(bitmap: Uint8Array, units: BitmapUnits): FreeSpace {
  const count = bitmapCount(units)
  count.add(bitmap)
  return count.result()
}

/** Counts a bitmap that comes piece by piece, in order; bits beyond the last unit do not count. */
export function bitmapCount({ count, size, firstAt }: BitmapUnits) {
  const bytesPerRun = Math.max(Math.ceil(count / 8 / maxFreeRegions), Math.ceil(smallestRun / size / 8))
  const runs: { at: number; length: number; free: number }[] = []
  let unit = 0
  return {
    add(piece: Uint8Array): void {
      for (let at = 0; at < piece.length && unit < count;) {
        const run = Math.floor(unit / 8 / bytesPerRun)
        const bytes = Math.min(piece.length - at, (run + 1) * bytesPerRun - unit / 8)
        const units = Math.min(bytes * 8, count - unit)
        const clear = countClearBits(piece.subarray(at, at + bytes), units) * size
        const last = (runs[run] ??= { at: firstAt + unit * size, length: 0, free: 0 })
        last.length += units * size
        last.free += clear
        unit += units
        at += bytes
      }
    },
    /** Throws RangeError while units are missing. */
    result(): FreeSpace {
      if (unit < count) throw new RangeError(`${unit} of ${count} units were counted`)
      return { free: runs.reduce((sum, run) => sum + run.free, 0), runs }
    },
  }
}

/** Bytes of the disk below which a run says no more than its neighbours together. */
const smallestRun = 1024 * 1024
