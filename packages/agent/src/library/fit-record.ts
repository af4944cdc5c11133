import type { ImageRecord } from '@varve/protocol/images'
import type { ImageReportView } from '@varve/protocol/reports'

/** A message to the controller has at most 2 MiB and 100,000 values. */
const mostBytes = 1024 * 1024
const mostValues = 40_000

/**
 * The record, small enough to be sent: of a report with very long lists the longest are cut, one after the other, and a
 * finding says so.
 */
export function fitRecord(record: ImageRecord): ImageRecord {
  if (fits(record)) return record
  let { report } = record
  for (const cut of cuts) {
    report = cut(report)
    const shorter = { ...record, report: withNotice(report) }
    if (fits(shorter)) return shorter
  }
  return { ...record, report: withNotice(report) }
}

const cuts: readonly ((report: ImageReportView) => ImageReportView)[] = [
  (report) => ({ ...report, snapshots: report.snapshots.slice(0, 500) }),
  (report) => ({ ...report, guest: report.guest && withoutRegions(report.guest) }),
  (report) => ({
    ...report,
    layers: report.layers.map((layer) => ({ ...layer, bands: layer.bands.slice(0, 64) })),
  }),
  (report) => ({ ...report, guest: null, problems: report.problems.slice(0, 100) }),
  (report) => ({ ...report, snapshots: [], details: {}, problems: report.problems.slice(0, 20) }),
]

function withoutRegions(guest: NonNullable<ImageReportView['guest']>): typeof guest {
  return {
    ...guest,
    filesystems: guest.filesystems.map((filesystem) => ({ ...filesystem, freeByRegion: [] })),
    volumes: guest.volumes.map((volume) => ({ ...volume, members: [] })),
  }
}

function withNotice(report: ImageReportView): ImageReportView {
  const notice = {
    id: 'report-shortened',
    severity: 'info' as const,
    layer: 'L1' as const,
    file: report.path,
    message: 'the report of this image is too long for the inventory: its longest lists are cut',
    remedy: 'Run varve info on the host to see all of it.',
  }
  return { ...report, problems: [...report.problems.slice(0, 999), notice] }
}

function fits(record: ImageRecord): boolean {
  const text = JSON.stringify(record)
  if (text.length > mostBytes || Buffer.byteLength(text) > mostBytes) return false
  let values = 0
  for (let at = text.indexOf(','); at !== -1; at = text.indexOf(',', at + 1)) values += 1
  return values <= mostValues
}
