/** 48 bits: the first and the last 24. */
export interface BitMark {
  readonly upper: number
  readonly lower: number
}

/** `count` bits (at most 24) from bit `from` on, the highest of each byte first; bits behind the end are 0. */
export function readBits(bytes: Uint8Array, from: number, count: number): number {
  const at = from >> 3
  const word =
    ((bytes[at] ?? 0) << 24) |
    ((bytes[at + 1] ?? 0) << 16) |
    ((bytes[at + 2] ?? 0) << 8) |
    (bytes[at + 3] ?? 0)
  // 24 bits from anywhere in the first byte end in the fourth.
  return (word >>> (32 - count - (from & 7))) & (2 ** count - 1)
}

/** The first bit at or behind `from` where one of `marks` stands, or null. */
export function findMark(bytes: Uint8Array, from: number, marks: readonly BitMark[]): number | null {
  const last = bytes.length * 8 - 48
  const [first, second] = [marks[0]?.upper ?? -1, marks[1]?.upper ?? -1]
  for (let at = from >> 3; at * 8 <= last; at += 1) {
    const word =
      ((bytes[at] ?? 0) << 24) |
      ((bytes[at + 1] ?? 0) << 16) |
      ((bytes[at + 2] ?? 0) << 8) |
      (bytes[at + 3] ?? 0)
    for (let shift = 0; shift < 8; shift += 1) {
      const upper = (word >>> (8 - shift)) & 0xff_ffff
      if (upper !== first && upper !== second) continue
      const bit = at * 8 + shift
      if (bit < from || bit > last) continue
      const lower = readBits(bytes, bit + 24, 24)
      if (marks.some((mark) => mark.upper === upper && mark.lower === lower)) return bit
    }
  }
  return null
}

interface Cut {
  /** Whole bytes to put in front. */
  readonly head: Uint8Array
  readonly from: number
  readonly to: number
  /** What to put behind: two times 24 bits, then 32. */
  readonly tail: readonly [number, number, number]
}

/** The bits `from` up to but not including `to`, between `head` and `tail`, as bytes. */
export function cutBits(bytes: Uint8Array, { head, from, to, tail }: Cut): Uint8Array {
  const count = to - from
  const whole = count >> 3
  const out = new Uint8Array(head.length + whole + 12)
  out.set(head)
  const shift = from & 7
  const start = from >> 3
  for (let index = 0; index < whole; index += 1) {
    const pair = ((bytes[start + index] ?? 0) << 8) | (bytes[start + index + 1] ?? 0)
    out[head.length + index] = (pair >> (8 - shift)) & 0xff
  }
  let bit = (head.length + whole) * 8
  const put = (value: number, width: number) => {
    for (let index = width - 1; index >= 0; index -= 1, bit += 1)
      if (((value >>> index) & 1) === 1) out[bit >> 3] = (out[bit >> 3] ?? 0) | (0x80 >> (bit & 7))
  }
  const rest = count & 7
  if (rest > 0) put(readBits(bytes, to - rest, rest), rest)
  put(tail[0], 24)
  put(tail[1], 24)
  put(tail[2], 32)
  return out.subarray(0, Math.ceil(bit / 8))
}
