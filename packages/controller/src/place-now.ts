import { formatBytes } from '@varve/core/units/format-bytes'
import type { LibraryFacts } from '@varve/protocol/hosts'
import type { ImageReportView } from '@varve/protocol/reports'

/** The report with the free space of its filesystem as its agent told it last, not as it was when the image was looked at. */
export function withPlaceNow(report: ImageReportView, libraries: readonly LibraryFacts[]): ImageReportView {
  const { mountPoint, free: before } = report.place
  const now = libraries.find(({ place }) => mountPoint !== null && place.mountPoint === mountPoint)?.place
  if (!now || now.free === null || now.free === before) return report
  const { free, total } = now
  // The layer's own sentence says the same number.
  const words = before === null ? null : `${formatBytes(before)} free`
  const layers = report.layers.map((layer) =>
    layer.layer === 'L1' && words !== null
      ? {
          ...layer,
          summary: layer.summary
            .split(' · ')
            .map((part) => (part === words ? `${formatBytes(free)} free` : part))
            .join(' · '),
        }
      : layer,
  )
  return { ...report, layers, place: { ...report.place, free, total } }
}
