import type { FindingGroup, ImageRow, ImageView } from '@varve/protocol/images'
import { and, asc, desc, eq, gt, inArray, sql, sum } from 'drizzle-orm'
import { statement, type Queries } from './database.ts'
import { imageIdOf } from './image-id.ts'
import { toImageRow } from './image-row.ts'
import { finding, imageReport } from './payload-kinds.ts'
import { decodePayload } from './payload.ts'
import { chains, findingTotals, imageReports, images, libraries } from './schema.ts'
import { listProofs, removeProofs } from './proofs-store.ts'
import { changeOf, removeVerification } from './verifications-store.ts'

const imageExists = statement('SELECT 1 FROM images WHERE id = ?')

/** Whether an image of this id is in the inventory. */
export function hasImage(db: Queries, id: string): boolean {
  return imageExists.get(db, id) !== undefined
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
  removeVerification(db, id)
  return id
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

/** The images with these ids that are in the inventory. */
export function imageRowsById(db: Queries, ids: readonly string[]): Map<string, ImageRow> {
  if (ids.length === 0) return new Map()
  const rows = db
    .select()
    .from(images)
    .where(inArray(images.id, [...ids]))
    .all()
  return new Map(rows.map((row) => [row.id, toImageRow(row)]))
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
  const told = decodePayload(imageReport, found.image_reports.report)
  const change = changeOf(db, id)
  const report = change ? { ...told, problems: [change, ...told.problems] } : told
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
    told: null,
  }
}

export function imageIdByPath(db: Queries, host: string, path: string): string | null {
  const where = and(eq(images.host, host), eq(images.path, path))
  return db.select({ id: images.id }).from(images).where(where).get()?.id ?? null
}

const parentsOf = statement<{ parentPath: string }>(`
  SELECT chains.parentPath AS parentPath FROM images JOIN chains ON chains.imageKey = images.key
  WHERE images.id = ? ORDER BY chains.depth`)

/** The files that an image stands on, the nearest first, as its host told of them. */
export function parentPaths(db: Queries, id: string): string[] {
  return parentsOf.all(db, id).map(({ parentPath }) => parentPath)
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
