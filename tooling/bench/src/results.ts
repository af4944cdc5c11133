import { type Contestant, contestants } from './conversions.ts'

export interface Result {
  readonly conversion: string
  readonly contestant: Contestant
  readonly seconds: readonly number[]
  readonly peakBytes: number
}

export function best(seconds: readonly number[]): number {
  return Math.min(...seconds)
}

export function median(seconds: readonly number[]): number {
  const sorted = [...seconds].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2
}

/** How many times faster varve was: each rival's time by varve's, by the best and by the median runs. */
export function ratios(results: readonly Result[], conversion: string) {
  const of = (contestant: Contestant) =>
    results.find((result) => result.conversion === conversion && result.contestant === contestant)
  const varve = of('varve')
  return contestants.flatMap((contestant) => {
    const rival = of(contestant)
    if (contestant === 'varve' || !varve || !rival) return []
    return [
      {
        against: contestant,
        best: best(rival.seconds) / best(varve.seconds),
        median: median(rival.seconds) / median(varve.seconds),
      },
    ]
  })
}

/** The results as a table for people. */
export function formatResults(results: readonly Result[]): string {
  const rows = [
    ['conversion', 'program', 'best', 'median', 'peak memory', 'varve is faster by (best, median)'],
  ]
  for (const conversion of new Set(results.map((result) => result.conversion))) {
    for (const { contestant, seconds, peakBytes } of results.filter((r) => r.conversion === conversion)) {
      const ratio = ratios(results, conversion).find(({ against }) => against === contestant)
      rows.push([
        contestant === 'varve' ? conversion : '',
        contestant,
        `${best(seconds).toFixed(2)} s`,
        `${median(seconds).toFixed(2)} s`,
        `${Math.round(peakBytes / 1024 / 1024)} MiB`,
        ratio ? `${ratio.best.toFixed(2)}×, ${ratio.median.toFixed(2)}×` : '',
      ])
    }
  }
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  )
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
