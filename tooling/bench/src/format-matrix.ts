import { benchFormats, type BenchFormat } from './conversions.ts'
import { means, ratios, type Result } from './results.ts'
import { formatTable } from './statistics.ts'

/** How many times faster varve was for each pair of formats, by the best and by the median runs; sources down, targets across. */
export function formatMatrix(results: readonly Result[]): string {
  const cell = (from: BenchFormat, to: BenchFormat) => {
    const [ratio] = ratios(results, `${from} → ${to}`)
    return ratio ? `${ratio.best.toFixed(2)}× (${ratio.median.toFixed(2)}×)` : ''
  }
  const rows = benchFormats.map((from) => [from, ...benchFormats.map((to) => cell(from, to))])
  const [mean] = means(results)
  const slower = pairsBelow(results)
  const summary = mean
    ? [
        `${mean.of} against ${mean.against}: ${mean.best.toFixed(2)}× (${mean.median.toFixed(2)}×) in the geometric mean over all pairs`,
        `pairs below 1.00×: ${slower.best} by the best runs, ${slower.median} by the median`,
      ]
    : []
  return [formatTable([['from \\ to', ...benchFormats], ...rows]), ...summary].join('\n')
}

function pairsBelow(results: readonly Result[]): { readonly best: number; readonly median: number } {
  const all = [...new Set(results.map(({ conversion }) => conversion))].flatMap((name) =>
    ratios(results, name),
  )
  return {
    best: all.filter(({ best }) => best < 1).length,
    median: all.filter(({ median }) => median < 1).length,
  }
}
