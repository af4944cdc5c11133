import { formatBytes } from '@varve/core/units/format-bytes'
import { printable } from './text.ts'

/** Ranges that are named one by one. */
const mostShown = 8

interface Differences {
  readonly ranges: readonly { readonly start: number; readonly end: number }[]
  readonly places: readonly { readonly layer: string; readonly what: string; readonly bytes: number }[]
}

/** Where a disk differs, by its bytes and by the layers of its guest, a line each. */
export function differenceLines({ ranges, places }: Differences): readonly string[] {
  const more = ranges.length - mostShown
  return [
    ...ranges.slice(0, mostShown).map(({ start, end }) => `  bytes ${start} to ${end}`),
    ...(more > 0 ? [`  and ${more} more ranges`] : []),
    ...places.map(
      ({ layer, what, bytes }) => `  ${layer}  ${printable(what)}: within ${formatBytes(bytes)} of it`,
    ),
  ]
}
