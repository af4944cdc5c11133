import { rowFacts } from '@varve/core/layers/row-facts'
import type { ImageRecord, ImageRow } from '@varve/protocol/images'
import type { ProblemView } from '@varve/protocol/primitives'
import { fromImageReportView } from '@varve/protocol/reports'
import { statement, type Queries } from './database.ts'
import { imageIdOf } from './image-id.ts'
import { toImageRow, type StoredImage } from './image-row.ts'
import { finding, imageReport } from './payload-kinds.ts'
import { encodePayload } from './payload.ts'

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

function addImage(
  db: Queries,
  { id, host, record }: { id: string; host: string; record: SavedRecord },
): ImageRow {
  const { library, name } = record
  const next = detailsOf(record)
  const provenAt = lastProof.get(db, id)?.takenAt ?? null
  const values = details.map((column) => next[column])
  const added = insertImage.get(db, id, host, library, name, provenAt, ...values)
  if (!added) throw new Error('a row that was inserted has a key')
  insertReport.run(db, added.key, encodePayload(imageReport, record.report))
  addKin(db, added.key, { host, report: record.report })
  return toImageRow({ ...next, ...added, id, host, library, name, provenAt })
}

function changeImage(db: Queries, old: StoredImage, record: SavedRecord): ImageRow | null {
  const { key, host } = old
  const next = detailsOf(record)
  const report = encodePayload(imageReport, record.report)
  if (isSame(old, next) && reportOf.get(db, key)?.report === report) {
    if (old.checksum !== next.checksum) updateChecksum.run(db, next.checksum, key)
    return null
  }
  updateImage.run(db, ...details.map((column) => next[column]), key)
  updateReport.run(db, report, key)
  deleteLinks.run(db, key)
  deleteFindings.run(db, key)
  addKin(db, key, { host, report: record.report })
  return toImageRow({ ...old, ...next })
}

function detailsOf({ report, ...record }: SavedRecord): Details {
  const count = (severity: ProblemView['severity']) =>
    report.problems.filter((problem) => problem.severity === severity).length
  const [blocks, warns, infos] = [count('block'), count('warn'), count('info')]
  return {
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
    blocks,
    warns,
    infos,
    gravity: Math.min(blocks, 999) * 1_000_000 + Math.min(warns, 999) * 1000 + Math.min(infos, 999),
    modifiedAt: record.modifiedAt,
    fingerprint: record.fingerprint,
    checksum: record.checksum ?? 0,
  }
}

function isSame(old: StoredImage, next: Details): boolean {
  return details.every((column) => column === 'checksum' || old[column] === next[column])
}

interface Kin {
  readonly host: string
  readonly report: ImageRecord['report']
}

function addKin(db: Queries, key: number, { host, report }: Kin): void {
  report.chain.slice(1).forEach((link, index) => void insertLink.run(db, key, index + 1, host, link.path))
  if (report.problems.length === 0) return
  const kinds = new Map(report.problems.toReversed().map((problem) => [problem.id, problem]))
  for (const problem of kinds.values()) {
    const bytes = wastes.has(problem.id) ? report.reclaimable : null
    insertFinding.run(db, key, problem.id, problem.severity, bytes, encodePayload(finding, problem))
  }
}
