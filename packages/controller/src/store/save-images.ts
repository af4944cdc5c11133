import { rowFacts } from '@varve/core/layers/row-facts'
import type { ImageRecord, ImageRow } from '@varve/protocol/images'
import type { ProblemView } from '@varve/protocol/primitives'
import { fromImageReportView } from '@varve/protocol/reports'
import { statement, type Queries } from './database.ts'
import { imageIdOf } from './image-id.ts'
import { toImageRow, type StoredImage } from './image-row.ts'
import { finding, imageReport } from './payload-kinds.ts'
import { decodePayload, encodePayload } from './payload.ts'
import { changeOf } from './verifications-store.ts'

/** Findings about space that the guest does not use. */
const wastes: ReadonlySet<string> = new Set(['discards-stopped', 'raw-without-holes'])

/** An image as an agent sends it; without a checksum it is asked for again at the next hello. */
export type SavedRecord = ImageRecord & { readonly checksum?: number }

const details = [
  'path',
  'format',
  'subformat',
  'virtualSize',
  'allocated',
  'fileSize',
  'contents',
  'strip',
  'chainLength',
  'reclaimable',
  'blocks',
  'warns',
  'infos',
  'gravity',
  'modifiedAt',
  'fingerprint',
  'checksum',
] as const satisfies readonly (keyof StoredImage)[]
type Details = Pick<StoredImage, (typeof details)[number]>

const imageById = statement<StoredImage>('SELECT * FROM images WHERE id = ?')
const insertImage = statement<{ key: number }>(
  `INSERT INTO images (id, host, library, name, provenAt, ${details.join(', ')})
   VALUES (?, ?, ?, ?, ?, ${details.map(() => '?').join(', ')}) RETURNING key`,
)
const updateImage = statement(
  `UPDATE images SET ${details.map((column) => `${column} = ?`).join(', ')} WHERE key = ?`,
)
const updateCounts = statement(
  'UPDATE images SET blocks = ?, warns = ?, infos = ?, gravity = ? WHERE key = ?',
)
const updateChecksum = statement('UPDATE images SET checksum = ? WHERE key = ?')
const reportOf = statement<{ report: string }>('SELECT report FROM image_reports WHERE key = ?')
const insertReport = statement('INSERT INTO image_reports (key, report) VALUES (?, ?)')
const updateReport = statement('UPDATE image_reports SET report = ? WHERE key = ?')
const lastProof = statement<{ takenAt: string }>(
  'SELECT takenAt FROM proofs WHERE imageId = ? ORDER BY takenAt DESC LIMIT 1',
)
const insertLink = statement('INSERT INTO chains (imageKey, depth, host, parentPath) VALUES (?, ?, ?, ?)')
const deleteLinks = statement('DELETE FROM chains WHERE imageKey = ?')
const insertFinding = statement(
  'INSERT INTO findings (imageKey, problem, severity, bytes, sample) VALUES (?, ?, ?, ?, ?)',
)
const deleteFindings = statement('DELETE FROM findings WHERE imageKey = ?')

export interface SavedImage {
  readonly row: ImageRow
  /** Whether it was not in the inventory before. */
  readonly isNew: boolean
}

/** Adds or updates one image; null when nothing changed that people see. */
export function saveImage(db: Queries, host: string, record: SavedRecord): SavedImage | null {
  const id = imageIdOf(host, record.library, record.name)
  const old = imageById.get(db, id)
  if (!old) return { row: addImage(db, { id, host, record }), isNew: true }
  const isKnown = record.checksum !== undefined && record.checksum !== 0 && old.checksum === record.checksum
  const row = isKnown ? null : changeImage(db, old, record)
  return row && { row, isNew: false }
}

/** Takes a fresh report of an image that is in the inventory; gives its new row, or null when nothing changed. */
export function saveReport(db: Queries, id: string, report: ImageRecord['report']): ImageRow | null {
  const row = imageById.get(db, id)
  return row ? changeImage(db, row, { ...row, report, ...rowFacts(fromImageReportView(report)) }) : null
}

/** Takes what a comparison with its manifest found, or that it was equal, into what lists show of an image. */
export function refreshFindings(db: Queries, id: string): void {
  const row = imageById.get(db, id)
  const kept = row && reportOf.get(db, row.key)
  if (!kept) return
  const report = decodePayload(imageReport, kept.report)
  const problems = problemsOf(db, id, report)
  const { blocks, warns, infos, gravity } = countsOf(problems)
  updateCounts.run(db, blocks, warns, infos, gravity, row.key)
  deleteFindings.run(db, row.key)
  addFindings(db, row.key, { report, problems })
}

function addImage(
  db: Queries,
  { id, host, record }: { id: string; host: string; record: SavedRecord },
): ImageRow {
  const { library, name, report } = record
  const problems = problemsOf(db, id, report)
  const next = detailsOf(record, problems)
  const provenAt = lastProof.get(db, id)?.takenAt ?? null
  const values = details.map((column) => next[column])
  const added = insertImage.get(db, id, host, library, name, provenAt, ...values)
  if (!added) throw new Error('a row that was inserted has a key')
  insertReport.run(db, added.key, encodePayload(imageReport, report))
  addLinks(db, added.key, { host, report })
  addFindings(db, added.key, { report, problems })
  return toImageRow({ ...next, ...added, id, host, library, name, provenAt })
}

function changeImage(db: Queries, old: StoredImage, record: SavedRecord): ImageRow | null {
  const { id, key, host } = old
  const problems = problemsOf(db, id, record.report)
  const next = detailsOf(record, problems)
  const report = encodePayload(imageReport, record.report)
  if (isSame(old, next) && reportOf.get(db, key)?.report === report) {
    if (old.checksum !== next.checksum) updateChecksum.run(db, next.checksum, key)
    return null
  }
  updateImage.run(db, ...details.map((column) => next[column]), key)
  updateReport.run(db, report, key)
  deleteLinks.run(db, key)
  deleteFindings.run(db, key)
  addLinks(db, key, { host, report: record.report })
  addFindings(db, key, { report: record.report, problems })
  return toImageRow({ ...old, ...next })
}

/** What its report says, and what a comparison with its manifest found. */
function problemsOf(db: Queries, id: string, { problems }: ImageRecord['report']): readonly ProblemView[] {
  const change = changeOf(db, id)
  return change ? [change, ...problems] : problems
}

function countsOf(problems: readonly ProblemView[]): Pick<Details, 'blocks' | 'warns' | 'infos' | 'gravity'> {
  const count = (severity: ProblemView['severity']) =>
    problems.filter((problem) => problem.severity === severity).length
  const [blocks, warns, infos] = [count('block'), count('warn'), count('info')]
  const gravity = Math.min(blocks, 999) * 1_000_000 + Math.min(warns, 999) * 1000 + Math.min(infos, 999)
  return { blocks, warns, infos, gravity }
}

function detailsOf({ report, ...record }: SavedRecord, problems: readonly ProblemView[]): Details {
  return {
    ...countsOf(problems),
    path: report.path,
    format: report.format,
    subformat: report.subformat,
    virtualSize: report.virtualSize,
    allocated: report.allocated,
    fileSize: report.fileSize,
    contents: record.contents,
    strip: record.strip,
    chainLength: Math.max(1, report.chain.length),
    reclaimable: report.reclaimable,
    modifiedAt: record.modifiedAt,
    fingerprint: record.fingerprint,
    checksum: record.checksum ?? 0,
  }
}

function isSame(old: StoredImage, next: Details): boolean {
  return details.every((column) => column === 'checksum' || old[column] === next[column])
}

function addLinks(
  db: Queries,
  key: number,
  { host, report }: { readonly host: string; readonly report: ImageRecord['report'] },
): void {
  report.chain.slice(1).forEach((link, index) => void insertLink.run(db, key, index + 1, host, link.path))
}

interface Found {
  readonly report: ImageRecord['report']
  readonly problems: readonly ProblemView[]
}

function addFindings(db: Queries, key: number, { report, problems }: Found): void {
  if (problems.length === 0) return
  const kinds = new Map(problems.toReversed().map((problem) => [problem.id, problem]))
  for (const problem of kinds.values()) {
    const bytes = wastes.has(problem.id) ? report.reclaimable : null
    insertFinding.run(db, key, problem.id, problem.severity, bytes, encodePayload(finding, problem))
  }
}
