import type { ImageReportView } from '@varve/protocol/reports'

type Band = ImageReportView['layers'][number]['bands'][number]

/** A band placed on the axis; `left` and `width` are shares of it. */
export interface Segment {
  readonly key: string
  readonly left: number
  readonly width: number
  readonly kind: Band['kind']
  readonly label: string
  readonly start: number
  readonly length: number
  /** Share of the band that is used, null where the layer does not know. */
  readonly usedShare: number | null
  readonly used: number | null
  readonly free: number | null
}

/** Narrower bands would not be seen. */
const narrowest = 0.004

/** Places bands on an axis of `size` bytes; what lies outside it is cut off, what is too narrow is widened. */
export function bandsToSegments(bands: readonly Band[], size: number): readonly Segment[] {
  if (size <= 0) return []
  return bands
    .filter((band) => band.kind !== 'gap' && band.start < size && band.length > 0)
    .toSorted((a, b) => a.start - b.start)
    .map((band) => {
      const left = Math.min(band.start / size, 1 - narrowest)
      return {
        key: `${band.start}+${band.length}`,
        left,
        width: Math.min(Math.max(band.length / size, narrowest), 1 - left),
        kind: band.kind,
        label: band.label,
        start: band.start,
        length: band.length,
        usedShare: usedShareOf(band),
        used: band.used,
        free: band.free,
      }
    })
}

function usedShareOf({ used, free, length }: Band): number | null {
  if (used === null) return null
  const whole = free === null ? length : used + free
  return whole <= 0 ? null : Math.min(1, used / whole)
}
