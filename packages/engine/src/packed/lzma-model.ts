export const matchMinimum = 2
const states = 12
const half = 1024

/** Probabilities of the lengths of matches: short ones by position, the rest alike. */
export interface LengthModel {
  readonly choices: Uint16Array
  readonly low: Uint16Array
  readonly middle: Uint16Array
  readonly high: Uint16Array
}

/** Where the tree of eight lengths for a position starts. */
export function lengthStart(posState: number): number {
  return posState << 3
}

export interface LzmaProperties {
  readonly lc: number
  readonly lp: number
  readonly pb: number
}

/** What an LZMA decoder knows between symbols: its probabilities, the last four distances, and its state. */
export class LzmaProbabilities {
  readonly properties: LzmaProperties
  readonly lc: number
  readonly lpMask: number
  readonly pbMask: number
  readonly literals: Uint16Array
  readonly isMatch = even(states << 4)
  readonly isRep = even(states)
  readonly isRepG0 = even(states)
  readonly isRepG1 = even(states)
  readonly isRepG2 = even(states)
  readonly isRep0Long = even(states << 4)
  readonly distanceSlots = even(4 << 6)
  readonly distances = even(128)
  readonly alignment = even(16)
  readonly matchLengths = lengthModel()
  readonly repLengths = lengthModel()
  state = 0
  rep0 = 0
  rep1 = 0
  rep2 = 0
  rep3 = 0

  constructor(properties: LzmaProperties) {
    const { lc, lp, pb } = properties
    this.properties = properties
    this.lc = lc
    this.lpMask = (1 << lp) - 1
    this.pbMask = (1 << pb) - 1
    this.literals = even(0x300 << (lc + lp))
  }
}

function lengthModel(): LengthModel {
  return { choices: even(2), low: even(16 << 3), middle: even(16 << 3), high: even(256) }
}

/** Both bits equally likely. */
function even(count: number): Uint16Array {
  return new Uint16Array(count).fill(half)
}
