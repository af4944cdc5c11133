import type { ImageReport } from '@varve/core/image/image-report'
import { rowFacts } from '@varve/core/layers/row-facts'
import { DiskError } from '@varve/core/problems/disk-error'
import { problemFromError } from '@varve/core/problems/problem'
import { inUseProblem } from '@varve/core/uses/use-problems'
import type { FileUses } from '@varve/core/problems/use'
import { ImageRecord } from '@varve/protocol/images'
import { toImageReportView } from '@varve/protocol/reports'
import type { Library } from './library.ts'
import { unopenedReport } from './unopened-report.ts'

export interface RecordParts {
  readonly library: Library
  readonly name: string
  readonly report: ImageReport
  readonly fingerprint: string
  readonly modifiedMs: number
}

/** The wire form; a report that the wire does not take is replaced by one that says so. */
export function toRecord({ library, name, report, fingerprint, modifiedMs }: RecordParts): ImageRecord {
  const record = {
    library: library.name,
    name,
    report: toImageReportView(report),
    ...rowFacts(report),
    modifiedAt: new Date(Math.min(Math.max(0, modifiedMs), maxTime)).toISOString(),
    fingerprint,
  }
  const checked = ImageRecord.safeParse(record)
  if (checked.success) return record
  const [issue] = checked.error.issues
  const problem = problemFromError(
    new DiskError('limit-exceeded', {
      file: report.path,
      what: `its report (${issue?.path.join('.') ?? ''})`,
      value: issue?.message ?? 'too large',
      limit: 'what Varve sends',
    }),
  )
  const { path, format, fileSize } = report
  const short = unopenedReport({ path, format, fileSize, problem })
  return { ...record, report: toImageReportView(short), ...rowFacts(short) }
}

/** The last moment of the year 9999: later ones have no ISO form that the wire takes. */
const maxTime = Date.UTC(9999, 11, 31, 23, 59, 59)

/** Files of one image that are named as open for writing. */
const mostInUse = 16

/** Findings that the wire takes. */
const mostProblems = 1000

/** The record with a finding for each of its files to which others may write. */
export function withWriters(record: ImageRecord, used: readonly FileUses[]): ImageRecord {
  if (used.length === 0) return record
  const found = used.slice(0, mostInUse).map(({ path, uses }) => inUseProblem(path, uses))
  const problems = [...record.report.problems.slice(0, mostProblems - found.length), ...found]
  return { ...record, report: { ...record.report, problems } }
}
