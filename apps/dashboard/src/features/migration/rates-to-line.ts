import type { RateSample } from '../../data/rate-history.ts'

/** A sparkline on a canvas of `width` × `height`. */
export interface RateLine {
  readonly line: string
  readonly area: string
  readonly since: number
  readonly highest: number
}

export interface Canvas {
  readonly width: number
  readonly height: number
}

/** The rates as a line from the oldest to the newest, the highest a little below the top; null before there are two. */
export function ratesToLine(history: readonly RateSample[], { width, height }: Canvas): RateLine | null {
  const [first] = history
  const last = history.at(-1)
  if (!first || !last || last.at <= first.at) return null
  const highest = Math.max(...history.map(({ rate }) => rate), 1)
  const points = history.map(({ at, rate }) => {
    const x = ((at - first.at) / (last.at - first.at)) * width
    const y = height - (rate / (highest * 1.15)) * height
    return `${round(x)} ${round(y)}`
  })
  const line = `M${points.join('L')}`
  return { line, area: `${line}L${width} ${height}L0 ${height}Z`, since: first.at, highest }
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
