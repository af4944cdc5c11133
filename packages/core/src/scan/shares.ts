import type { AllocationSummary } from '../image/image-report.ts'

/** Cells of the small strip in lists. */
export const stripCells = 60

/** Parts of wholes as two hexadecimal digits each: the share in 255ths, rounded up, so that 00 means nothing at all. */
export function encodeShares(parts: ArrayLike<number>, wholeOf: (cell: number) => number): string {
  let text = ''
  for (let cell = 0; cell < parts.length; cell += 1) {
    const whole = wholeOf(cell)
    text += encodeShare(whole > 0 ? (parts[cell] ?? 0) / whole : 0)
  }
  return text
}

/** The shares (0 to 1) that `text` holds; digits that are not hexadecimal count as nothing. */
export function decodeShares(text: string): number[] {
  const shares: number[] = []
  for (let at = 0; at + 2 <= text.length; at += 2) {
    const value = Number.parseInt(text.slice(at, at + 2), 16)
    shares.push(Number.isNaN(value) ? 0 : value / 255)
  }
  return shares
}

/** The same shares over `cells` equal cells: each is the mean over what it covers, still rounded up. */
export function resampleShares(text: string, cells: number): string {
  const shares = decodeShares(text)
  if (shares.length === 0) return ''
  let result = ''
  for (let cell = 0; cell < cells; cell += 1) {
    const start = (cell * shares.length) / cells
    const end = ((cell + 1) * shares.length) / cells
    let sum = 0
    for (let i = Math.floor(start); i < Math.min(end, shares.length); i += 1) {
      sum += (shares[i] ?? 0) * (Math.min(end, i + 1) - Math.max(start, i))
    }
    result += encodeShare(sum / (end - start))
  }
  return result
}

/** The 60-cell strip of L2 that lists show: the share of data in each. */
export function stripOf(allocation: AllocationSummary): string {
  return resampleShares(allocation.data, stripCells)
}

function encodeShare(share: number): string {
  const value = Math.min(1, Math.max(0, share)) * 255
  // A share that was a whole number of 255ths must not rise by the error of the division.
  return digits[value > roundingError ? Math.ceil(value - roundingError) : Math.ceil(value)] ?? '00'
}

const roundingError = 1e-9

const digits = Array.from({ length: 256 }, (_, value) => value.toString(16).padStart(2, '0'))
