import type { FilesystemFinding } from '../layers/guest-contents.ts'
import type { GuestRegion } from '../layers/guest-region.ts'

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
  let set = 0
  for (let i = 0; i < whole; i += 1) set += bitsSet[bitmap[i] ?? 0] ?? 0
  const rest = whole < bitmap.length ? count - whole * 8 : 0
  if (rest > 0) set += bitsSet[(bitmap[whole] ?? 0) & ((1 << rest) - 1)] ?? 0
  return whole * 8 + rest - set
}

const bitsSet = Uint8Array.from({ length: 256 }, (_, byte) => {
  let count = 0
  for (let rest = byte; rest > 0; rest >>= 1) count += rest & 1
  return count
})

/** Free space of an allocation bitmap with one bit per unit: in all, and per run of units. */
export function freeFromBitmap(
  bitmap: Uint8Array,
  units: { readonly count: number; readonly size: number; readonly firstAt: number },
): { free: number; runs: FreeRun[] } {
  const bytesPerRun = Math.max(
    Math.ceil(units.count / 8 / maxFreeRegions),
    Math.ceil(smallestRun / units.size / 8),
  )
  const runs: FreeRun[] = []
  let free = 0
  for (let unit = 0; unit < units.count; unit += bytesPerRun * 8) {
    const count = Math.min(bytesPerRun * 8, units.count - unit)
    const clear = countClearBits(bitmap.subarray(unit / 8, unit / 8 + bytesPerRun), count) * units.size
    runs.push({ at: units.firstAt + unit * units.size, length: count * units.size, free: clear })
    free += clear
  }
  return { free, runs }
}

/** Bytes of the disk below which a run says no more than its neighbours together. */
const smallestRun = 1024 * 1024
