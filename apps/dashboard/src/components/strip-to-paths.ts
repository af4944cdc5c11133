import { decodeShares } from '@varve/core/scan/shares'

/** Runs of cells with the same share of data, as one SVG path per share, on a canvas `cells` wide and 1 high. */
export interface StripPaths {
  readonly cells: number
  /** Share of data in quarters: 1 (some) to 4 (full). */
  readonly paths: readonly { readonly quarters: number; readonly path: string }[]
  /** Share of the disk that holds data, for the text alternative. */
  readonly share: number
}

/** Decodes an image row's strip: two hexadecimal digits per cell, the share of data in 255ths. */
export function stripToPaths(strip: string): StripPaths {
  const shares = decodeShares(strip)
  const paths = new Map<number, string>()
  for (let start = 0; start < shares.length;) {
    const quarters = quartersOf(shares[start] ?? 0)
    let end = start + 1
    while (end < shares.length && quartersOf(shares[end] ?? 0) === quarters) end += 1
    if (quarters > 0) paths.set(quarters, `${paths.get(quarters) ?? ''}M${start} 0H${end}V1H${start}Z`)
    start = end
  }
  const total = shares.reduce((sum, share) => sum + share, 0)
  return {
    cells: shares.length,
    paths: [...paths]
      .map(([quarters, path]) => ({ quarters, path }))
      .toSorted((a, b) => a.quarters - b.quarters),
    share: shares.length === 0 ? 0 : total / shares.length,
  }
}

function quartersOf(share: number): number {
  return Math.ceil(share * 4)
}
