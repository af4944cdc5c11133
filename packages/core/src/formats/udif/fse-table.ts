/**
 * A finite-state entropy table as LZFSE has it (`lzfse_fse.c`): each state gives a symbol, and the next state is `delta`
 * plus some bits of the stream. Typed arrays, one entry for each state.
 */
export interface FseTable {
  readonly symbol: Uint8Array
  /** Bits of the next state. */
  readonly bits: Uint8Array
  readonly delta: Int16Array
}

/**
 * The table of `frequencies`, one for each symbol, whose sum is at most `states` (a power of two). Throws RangeError for
 * a larger sum; states that no symbol has stay empty and must not be reached: `isReached` tells.
 */
export function fseTable(frequencies: Uint16Array, states: number): FseTable {
  const symbol = new Uint8Array(states)
  const bits = new Uint8Array(states).fill(unreachable)
  const delta = new Int16Array(states)
  let offset = 0
  for (const [index, frequency] of frequencies.entries()) {
    if (frequency === 0) continue
    if (offset + frequency > states) throw new RangeError('the frequencies of a table are too many')
    const shift = Math.clz32(frequency) - Math.clz32(states)
    const wide = ((2 * states) >> shift) - frequency
    for (let state = 0; state < frequency; state += 1) {
      const at = offset + state
      symbol[at] = index
      const isWide = state < wide
      bits[at] = isWide ? shift : shift - 1
      delta[at] = isWide ? ((frequency + state) << shift) - states : (state - wide) << (shift - 1)
    }
    offset += frequency
  }
  return { symbol, bits, delta }
}

/** In place of the bits of a state that no symbol has. */
export const unreachable = 0xff
