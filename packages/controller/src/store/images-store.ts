import type { FindingGroup, ImageRecord, ImageRow, ImageView } from '@varve/protocol/images'
import type { ProblemView } from '@varve/protocol/primitives'
import { FormatName } from '@varve/protocol/primitives'
import { and, asc, desc, eq, gt, inArray, sql, sum } from 'drizzle-orm'
import type { Queries } from './database.ts'
import { imageIdOf } from './image-id.ts'
import { finding, imageReport } from './payload-kinds.ts'
import { decodePayload, encodePayload } from './payload.ts'
import { chains, findings, findingTotals, imageReports, images, libraries } from './schema.ts'
import { lastProof, listProofs, removeProofs } from './proofs-store.ts'

type Row = typeof images.$inferSelect

/** Findings about space that the guest does not use. */
const wastes: ReadonlySet<string> = new Set(['discards-stopped', 'raw-without-holes'])

/** Adds or updates one image; gives its new row, or null when nothing changed. */
export function saveImage(db: Queries, host: string, record: ImageRecord): ImageRow | null {
  const id = imageIdOf(host, record.library, record.name)
  const report = encodePayload(imageReport, record.report)
  const old = db.select().from(images).where(eq(images.id, id)).get()
  const next = {
    ...columnsOf(host, record),
    id,
    provenAt: old?.provenAt ?? lastProof(db, id)?.takenAt ?? null,
  }
  if (old) {
    const kept = db.select().from(imageReports).where(eq(imageReports.key, old.key)).get()
    if (kept?.report === report && isSame(old, next)) return null
    db.update(images).set(next).where(eq(images.key, old.key)).run()
    db.delete(findings).where(eq(findings.imageKey, old.key)).run()
    db.delete(chains).where(eq(chains.imageKey, old.key)).run()
    db.update(imageReports).set({ report }).where(eq(imageReports.key, old.key)).run()
    addDetails(db, old.key, { host, record })
    return toImageRow({ ...next, key: old.key })
  }
  const { key } = db.insert(images).values(next).returning({ key: images.key }).get()
  db.insert(imageReports).values({ key, report }).run()
  addDetails(db, key, { host, record })
  return toImageRow({ ...next, key })
}

/** Takes a fresh report of an image that is in the inventory; gives its new row, or null when nothing changed. */
export function saveReport(db: Queries, id: string, report: ImageRecord['report']): ImageRow | null {
  const row = db.select().from(images).where(eq(images.id, id)).get()
  if (!row) return null
  const { library, name, contents, strip, modifiedAt, fingerprint } = row
  return saveImage(db, row.host, { library, name, contents, strip, modifiedAt, fingerprint, report })
}

function columnsOf(
  host: string,
  { library, name, report, ...record }: ImageRecord,
): Omit<Row, 'key' | 'id' | 'provenAt'> {
  const count = (severity: ProblemView['severity']) =>
    report.problems.filter((problem) => problem.severity === severity).length
  const [blocks, warns, infos] = [count('block'), count('warn'), count('info')]
  return {
    host,
    library,
    name,
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
  }
}

function isSame(old: Row, next: Omit<Row, 'key'>): boolean {
  return JSON.stringify({ ...old, ...next }) === JSON.stringify(old)
}

function addDetails(db: Queries, key: number, { host, record }: { host: string; record: ImageRecord }): void {
  const { report } = record
  const parents = report.chain.slice(1).map((link, index) => ({
    imageKey: key,
    depth: index + 1,
    host,
    parentPath: link.path,
  }))
  if (parents.length > 0) db.insert(chains).values(parents).run()
  const kinds = new Map(report.problems.toReversed().map((problem) => [problem.id, problem]))
  const rows = [...kinds.values()].map((problem) => ({
    imageKey: key,
    problem: problem.id,
    severity: problem.severity,
    bytes: wastes.has(problem.id) ? report.reclaimable : null,
    sample: encodePayload(finding, problem),
  }))
  if (rows.length > 0) db.insert(findings).values(rows).run()
}

/** Removes one image with its proofs: a new file of that name is another image's content. Gives its id, or null. */
export function removeImage(
  db: Queries,
  place: { host: string; library: string; name: string },
): string | null {
  const id = imageIdOf(place.host, place.library, place.name)
  const row = db.select({ key: images.key }).from(images).where(eq(images.id, id)).get()
  if (!row) return null
  db.delete(images).where(eq(images.key, row.key)).run()
  removeProofs(db, id)
  return id
}

/** Names of all images of a library. */
export function imageNames(db: Queries, host: string, library: string): string[] {
  return db
    .select({ name: images.name })
    .from(images)
    .where(and(eq(images.host, host), eq(images.library, library)))
    .all()
    .map(({ name }) => name)
}

export function imageRow(db: Queries, id: string): ImageRow | null {
  const row = db.select().from(images).where(eq(images.id, id)).get()
  return row ? toImageRow(row) : null
}

/** The rows of `keys` in that order. */
export function imageRowsByKey(db: Queries, keys: readonly number[]): ImageRow[] {
  if (keys.length === 0) return []
  const rows = db
    .select()
    .from(images)
    .where(inArray(images.key, [...keys]))
    .all()
  const byKey = new Map(rows.map((row) => [row.key, row]))
  return keys.flatMap((key) => {
    const row = byKey.get(key)
    return row ? [toImageRow(row)] : []
  })
}

/** One image with its report, proofs and kin, or null. */
export function imageView(
  db: Queries,
  id: string,
  hasManifest: (digest: string) => boolean,
): ImageView | null {
  const found = db
    .select()
    .from(images)
    .innerJoin(imageReports, eq(imageReports.key, images.key))
    .where(eq(images.id, id))
    .get()
  if (!found) return null
  const { host, path } = found.images
  const report = decodePayload(imageReport, found.image_reports.report)
  const children = db
    .select({ id: images.id, name: images.name })
    .from(chains)
    .innerJoin(images, eq(images.key, chains.imageKey))
    .where(and(eq(chains.host, host), eq(chains.parentPath, path), eq(chains.depth, 1)))
    .orderBy(asc(images.name))
    .limit(1000)
    .all()
  const chainIds = report.chain.map((link) => imageIdByPath(db, host, link.path))
  return {
    row: toImageRow(found.images),
    report,
    proofs: listProofs(db, id, hasManifest),
    children,
    chainIds,
  }
}

export function imageIdByPath(db: Queries, host: string, path: string): string | null {
  const where = and(eq(images.host, host), eq(images.path, path))
  return db.select({ id: images.id }).from(images).where(where).get()?.id ?? null
}

/** Findings of all images by kind, the gravest and most frequent first. */
export function findingGroups(db: Queries, limit: number): FindingGroup[] {
  const gravity = sql`CASE severity WHEN 'block' THEN 0 WHEN 'warn' THEN 1 ELSE 2 END`
  return db
    .select()
    .from(findingTotals)
    .where(gt(findingTotals.images, 0))
    .orderBy(gravity, desc(findingTotals.images))
    .limit(limit)
    .all()
    .map((row) => ({
      problem: decodePayload(finding, row.sample),
      images: row.images,
      bytes: row.bytes > 0 ? row.bytes : null,
    }))
}

/** Sums over the whole inventory, in bytes. */
export function inventoryTotals(db: Queries): {
  images: number
  virtualBytes: number
  allocatedBytes: number
  reclaimableBytes: number
} {
  const row = db
    .select({
      images: sum(libraries.images),
      virtualBytes: sum(libraries.virtualBytes),
      allocatedBytes: sum(libraries.allocatedBytes),
      reclaimableBytes: sum(libraries.reclaimableBytes),
    })
    .from(libraries)
    .get()
  return {
    images: Number(row?.images ?? 0),
    virtualBytes: Number(row?.virtualBytes ?? 0),
    allocatedBytes: Number(row?.allocatedBytes ?? 0),
    reclaimableBytes: Number(row?.reclaimableBytes ?? 0),
  }
}

function toImageRow(row: Row): ImageRow {
  return {
    id: row.id,
    host: row.host,
    library: row.library,
    name: row.name,
    format: FormatName.parse(row.format),
    subformat: row.subformat,
    virtualSize: row.virtualSize,
    allocated: row.allocated,
    fileSize: row.fileSize,
    contents: row.contents,
    strip: row.strip,
    chainLength: row.chainLength,
    reclaimable: row.reclaimable,
    findings: { block: row.blocks, warn: row.warns, info: row.infos },
    modifiedAt: row.modifiedAt,
    provenAt: row.provenAt,
  }
}
