import { formatSeconds } from '@varve/protocol/migration-words'

const second = 1000
const minute = 60 * second
const hour = 60 * minute
const day = 24 * hour

/** How long ago, in words: `just now`, `2 hours ago`. */
export function timeToWords(at: number, now: number): string {
  const past = now - at
  if (past < 10 * second) return 'just now'
  const [count, unit] = largestUnit(past)
  return `${count} ${unit}${count === 1 ? '' : 's'} ago`
}

function largestUnit(ms: number): readonly [count: number, unit: string] {
  if (ms < minute) return [Math.floor(ms / second), 'second']
  if (ms < hour) return [Math.floor(ms / minute), 'minute']
  if (ms < day) return [Math.floor(ms / hour), 'hour']
  if (ms < 60 * day) return [Math.floor(ms / day), 'day']
  if (ms < 730 * day) return [Math.floor(ms / (30 * day)), 'month']
  return [Math.floor(ms / (365 * day)), 'year']
}

/** A duration in ms: `0.3 s`, `28 s`, `1 min 12 s`, `2 h 5 min`. */
export function durationToWords(ms: number): string {
  return formatSeconds(ms / second)
}

/** A guess in seconds: `about 9 s`, `about 2 min`. */
export function estimateToWords(seconds: number): string {
  if (seconds < 1) return 'under 1 s'
  if (seconds < 90) return `about ${Math.round(seconds)} s`
  if (seconds < 90 * 60) return `about ${Math.round(seconds / 60)} min`
  return `about ${Math.round(seconds / 3600)} h`
}
