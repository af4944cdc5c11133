import type { Probed } from './processes.ts'

/** The address of a query, as a dashboard asks it. */
export function question(path: string, input?: unknown): string {
  return `/trpc/${path}${input === undefined ? '' : `?input=${encodeURIComponent(JSON.stringify(input))}`}`
}

export interface Latency {
  readonly count: number
  readonly p50: number
  readonly p95: number
  readonly worst: number
}

/** Milliseconds of some answers. */
export function latency(times: readonly number[]): Latency {
  const sorted = times.toSorted((a, b) => a - b)
  const at = (share: number) =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
  return { count: sorted.length, p50: at(0.5), p95: at(0.95), worst: sorted.at(-1) ?? Number.NaN }
}

export function allOf(probed: Probed): Latency {
  return latency(Object.values(probed.took).flat())
}

export function inWords({ p50, p95, worst }: Latency): string {
  return `p50 ${p50.toFixed(0)}, p95 ${p95.toFixed(0)}, worst ${worst.toFixed(0)} ms`
}

/** Asks once; gives milliseconds and bytes. */
export async function askOnce(url: string, path: string): Promise<{ ms: number; bytes: number }> {
  const started = performance.now()
  const response = await fetch(url + path)
  const body = await response.arrayBuffer()
  if (!response.ok) throw new Error(`${path}: ${response.status}`)
  return { ms: performance.now() - started, bytes: body.byteLength }
}
