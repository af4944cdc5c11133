import { type Contestant, rivals } from './conversions.ts'
import type { Timing } from './run-timed.ts'
import { best, formatTable, geometricMean, median } from './statistics.ts'

export interface Result {
  readonly conversion: string
  readonly contestant: Contestant
  readonly runs: readonly Timing[]
  readonly peakBytes: number
}

export interface Ratio {
  readonly of: Contestant
  readonly against: Contestant
  readonly best: number
  readonly median: number
}

/** How many times faster each way of varve was than those that do no less, by the best and by the median runs. */
export function ratios(results: readonly Result[], conversion: string): Ratio[] {
  const secondsOf = (contestant: Contestant) =>
    results
      .find((result) => result.conversion === conversion && result.contestant === contestant)
      ?.runs.map(({ seconds }) => seconds)
  return Object.entries(rivals).flatMap(([name, against]) => {
    const of = name as Contestant
    const own = secondsOf(of)
    return against.flatMap((rival) => {
      const theirs = secondsOf(rival)
      if (!own || !theirs) return []
      return [{ of, against: rival, best: best(theirs) / best(own), median: median(theirs) / median(own) }]
    })
  })
}

/** The geometric means of the ratios by the best runs over all conversions. */
export function means(results: readonly Result[]): Ratio[] {
  const all = [...new Set(results.map(({ conversion }) => conversion))].flatMap((conversion) =>
    ratios(results, conversion),
  )
  const pairs = new Map(all.map((ratio) => [`${ratio.of} ${ratio.against}`, ratio]))
  return [...pairs.values()].map(({ of, against }) => {
    const same = all.filter((ratio) => ratio.of === of && ratio.against === against)
    return {
      of,
      against,
      best: geometricMean(same.map((ratio) => ratio.best)),
      median: geometricMean(same.map((ratio) => ratio.median)),
    }
  })
}

/** The results as a table for people. */
export function formatResults(results: readonly Result[]): string {
  const rows = [
    ['conversion', 'program', 'best', 'median', 'CPU', 'peak memory', 'faster than (best, median)'],
  ]
  for (const conversion of new Set(results.map((result) => result.conversion))) {
    const all = ratios(results, conversion)
    for (const [place, { contestant, runs, peakBytes }] of results
      .filter((result) => result.conversion === conversion)
      .entries()) {
      const seconds = runs.map((run) => run.seconds)
      rows.push([
        place === 0 ? conversion : '',
        contestant,
        `${best(seconds).toFixed(2)} s`,
        `${median(seconds).toFixed(2)} s`,
        `${best(runs.map((run) => run.cpuSeconds)).toFixed(2)} s`,
        peakBytes > 0 ? `${Math.round(peakBytes / 1024 / 1024)} MiB` : '',
        all
          .filter(({ of }) => of === contestant)
          .map(formatRatio)
          .join('; '),
      ])
    }
  }
  const summary = means(results).map((mean) => `${mean.of}: ${formatRatio(mean)} in the geometric mean`)
  return [formatTable(rows), ...summary].join('\n')
}

function formatRatio({ against, best: byBest, median: byMedian }: Ratio): string {
  return `${against} ${byBest.toFixed(2)}×, ${byMedian.toFixed(2)}×`
}
