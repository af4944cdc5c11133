import type { GuestRegion } from '../guest/guest-region.ts'

/** Told of each run of bytes of the region that the filesystem does not use. */
export type TellFree = (at: number, length: number) => void

/** Why an account of free blocks is not believed; `shadow-copies`: something else of the volume needs some of them. */
export type NotBelieved = string | { readonly kind: 'shadow-copies'; readonly reason: string }

/**
 * Tells, block by block, what the filesystem of `region` calls free by its own bitmaps or trees. Null: that was all, and the
 * account agrees with itself; else why it is not believed, and what was told is to be thrown away. Throws coded errors.
 */
export type ReadFreeSpace = (region: GuestRegion, tell: TellFree) => Promise<NotBelieved | null>

interface BitUnits {
  readonly count: number
  /** Bytes that a bit stands for, and where those of the first bit lie. */
  readonly size: number
  readonly firstAt: number
  /** Which bit of a byte is the first; default: the lowest. */
  readonly first?: 'lowest' | 'highest'
}

/** Tells the runs of clear bits of a bitmap that comes piece by piece, in order; bits beyond the last unit do not count. */
export function clearBits({ count, size, firstAt, first = 'lowest' }: BitUnits, tell: TellFree) {
  let unit = 0
  let free = 0
  let open = -1
  const close = () => {
    if (open >= 0) tell(firstAt + open * size, (unit - open) * size)
    open = -1
  }
  const step = (isFree: boolean, units: number) => {
    if (isFree) {
      if (open < 0) open = unit
      free += units
    } else close()
    unit += units
  }
  return {
    /** `bitsOfPiece`: how many of the piece count, where it ends within a byte. */
    add(piece: Uint8Array, bitsOfPiece = piece.length * 8): void {
      const until = Math.min(count, unit + bitsOfPiece)
      for (let at = 0; at < piece.length && unit < until; at += 1) {
        const byte = piece[at] ?? 0
        const bits = Math.min(8, until - unit)
        if (byte === 0 || byte === 0xff) {
          step(byte === 0, bits)
          continue
        }
        for (let bit = 0; bit < bits; bit += 1)
          step((byte & (first === 'lowest' ? 1 << bit : 0x80 >> bit)) === 0, 1)
      }
    },
    /** How many units are free; throws RangeError while units are missing. */
    end(): number {
      if (unit < count) throw new RangeError(`${unit} of ${count} units were told`)
      close()
      return free
    },
  }
}
