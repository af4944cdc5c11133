/**
 * How many of the indexes from 0 up to but not including `length` come first, of things in order: those for which
 * `isBefore` holds. Asks for about log2(`length`) of them.
 */
export function countBefore(length: number, isBefore: (index: number) => boolean): number {
  let low = 0
  let high = length
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    if (isBefore(middle)) low = middle + 1
    else high = middle
  }
  return low
}
