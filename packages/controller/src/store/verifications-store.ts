import type { ErrorView, ProblemView } from '@varve/protocol/primitives'
import { statement, type Queries } from './database.ts'
import { failure, finding } from './payload-kinds.ts'
import { decodePayload, encodePayload } from './payload.ts'

/** An image of a library, as far as it is about its verifications. Times are ISO 8601 in UTC with milliseconds. */
export interface ImageVerification {
  readonly id: string
  readonly name: string
  readonly path: string
  readonly format: string
  readonly library: string
  /** When its disk was last known to be what its manifest says, or not to be. */
  readonly verifiedAt: string
  readonly runKey: string | null
  readonly runId: string | null
}

interface Place {
  readonly host: string
  readonly library: string
}

const changeFound = statement<{ finding: string | null }>(
  'SELECT finding FROM image_verifications WHERE imageId = ?',
)

/** That an image is not what its manifest says; null: nothing of that kind is known. */
export function changeOf(db: Queries, imageId: string): ProblemView | null {
  const text = changeFound.get(db, imageId)?.finding ?? null
  return text === null ? null : decodePayload(finding, text)
}

const remove = statement('DELETE FROM image_verifications WHERE imageId = ?')

export function removeVerification(db: Queries, imageId: string): void {
  remove.run(db, imageId)
}

const upsertKept = statement(
  `INSERT INTO image_verifications (imageId, host, keptSince) VALUES (?, ?, ?)
   ON CONFLICT (imageId) DO UPDATE SET keptSince = excluded.keptSince WHERE keptSince IS NOT excluded.keptSince`,
)
const forgetKept = statement(
  'UPDATE image_verifications SET keptSince = NULL WHERE imageId = ? AND keptSince IS NOT NULL',
)
const clearOld = statement(
  'UPDATE image_verifications SET finding = NULL WHERE imageId = ? AND finding IS NOT NULL AND keptSince > verifiedAt',
)

/**
 * Keeps since when a manifest of the image is kept on its host. What was found against an older one is forgotten: gives
 * whether it was.
 */
export function saveKept(
  db: Queries,
  { id, host }: { readonly id: string; readonly host: string },
  since: string | null,
): boolean {
  if (since === null) {
    forgetKept.run(db, id)
    return false
  }
  if (upsertKept.run(db, id, host, since) === 0) return false
  return clearOld.run(db, id) > 0
}

const upsertVerified = statement(
  `INSERT INTO image_verifications (imageId, host, keptSince, verifiedAt, finding) VALUES (?, ?, ?, ?, ?)
   ON CONFLICT (imageId) DO UPDATE SET keptSince = excluded.keptSince, verifiedAt = excluded.verifiedAt,
   finding = excluded.finding, triedAt = NULL, failure = NULL`,
)

/** Keeps how the image compared with its manifest. */
export function saveVerified(
  db: Queries,
  image: { readonly id: string; readonly host: string },
  found: { readonly keptSince: string; readonly at: string; readonly change: ProblemView | null },
): void {
  const { keptSince, at, change } = found
  upsertVerified.run(db, image.id, image.host, keptSince, at, change && encodePayload(finding, change))
}

const saveFailure = statement('UPDATE image_verifications SET triedAt = ?, failure = ? WHERE imageId = ?')

/** Keeps that a schedule came to no result with the image. */
export function saveTried(db: Queries, imageId: string, tried: { at: string; error: ErrorView }): void {
  saveFailure.run(db, tried.at, encodePayload(failure, tried.error), imageId)
}

const setKey = statement('UPDATE image_verifications SET runKey = ?, runId = NULL WHERE imageId = ?')
const setRun = statement('UPDATE image_verifications SET runId = ? WHERE imageId = ? AND runKey = ?')
const clearKey = statement('UPDATE image_verifications SET runKey = NULL, runId = NULL WHERE imageId = ?')

/** A schedule is about to start a run under this key; null: it has none any more. */
export function setRunKey(db: Queries, imageId: string, runKey: string | null): void {
  if (runKey === null) clearKey.run(db, imageId)
  else setKey.run(db, runKey, imageId)
}

/** The run that was started under that key, unless that is over by now. */
export function setRunId(
  db: Queries,
  imageId: string,
  run: { readonly key: string; readonly id: string },
): void {
  setRun.run(db, run.id, imageId, run.key)
}

/** When an image counts as verified: what was proven when it was written counts as well. */
const verified = `max(v.keptSince, coalesce(v.verifiedAt, ''))`
/** When a schedule dealt with it last. */
const dealtWith = `max(v.keptSince, coalesce(v.verifiedAt, ''), coalesce(v.triedAt, ''))`
const columns = `i.id AS id, i.name AS name, i.path AS path, i.format AS format, i.library AS library,
  ${verified} AS verifiedAt, v.runKey AS runKey, v.runId AS runId`
const joined = 'images i JOIN image_verifications v ON v.imageId = i.id'

const oldestDue = statement<ImageVerification>(
  `SELECT ${columns} FROM ${joined}
   WHERE i.host = ? AND i.library = ? AND v.keptSince IS NOT NULL AND v.runKey IS NULL AND ${dealtWith} <= ?
   ORDER BY verifiedAt, i.name LIMIT 1`,
)

/** Of the images that nothing was done with since `before`, the one whose verification is the oldest. */
export function oldestOf(db: Queries, { host, library }: Place, before: string): ImageVerification | null {
  return oldestDue.get(db, host, library, before) ?? null
}

const openOf = statement<ImageVerification>(
  `SELECT ${columns} FROM ${joined} WHERE v.host = ? AND v.runKey IS NOT NULL ORDER BY i.name`,
)

/** Images of a host that a schedule verifies now, or is about to. */
export function openVerifications(db: Queries, host: string): ImageVerification[] {
  return openOf.all(db, host)
}

export interface VerificationTotals {
  readonly images: number
  readonly kept: number
  readonly due: number
  readonly changed: number
  readonly failed: number
  readonly lastAt: string | null
  /** When a schedule dealt last with the image that it dealt with longest ago. */
  readonly oldest: string | null
}

const totals = statement<VerificationTotals>(
  `SELECT count(*) AS images, count(v.keptSince) AS kept, count(v.finding) AS changed,
   count(v.failure) AS failed, max(v.verifiedAt) AS lastAt,
   min(CASE WHEN v.keptSince IS NOT NULL AND v.runKey IS NULL THEN ${dealtWith} END) AS oldest,
   count(CASE WHEN v.keptSince IS NOT NULL AND v.runKey IS NULL AND ${dealtWith} <= ? THEN 1 END) AS due
   FROM images i LEFT JOIN image_verifications v ON v.imageId = i.id WHERE i.host = ? AND i.library = ?`,
)
const nothing = { images: 0, kept: 0, due: 0, changed: 0, failed: 0, lastAt: null, oldest: null }

/** Sums over a library; `due`: nothing was done with them since `before`. */
export function verificationTotals(
  db: Queries,
  { host, library }: Place,
  before: string,
): VerificationTotals {
  return totals.get(db, before, host, library) ?? nothing
}

const newestFailure = statement<{ id: string; name: string; at: string; failure: string }>(
  `SELECT i.id AS id, i.name AS name, v.triedAt AS at, v.failure AS failure FROM ${joined}
   WHERE i.host = ? AND i.library = ? AND v.failure IS NOT NULL ORDER BY v.triedAt DESC LIMIT 1`,
)

/** The newest attempt in a library that came to no result. */
export function newestFailureOf(
  db: Queries,
  { host, library }: Place,
): { readonly id: string; readonly name: string; readonly at: string; readonly error: ErrorView } | null {
  const row = newestFailure.get(db, host, library)
  if (!row) return null
  const { id, name, at } = row
  return { id, name, at, error: decodePayload(failure, row.failure) }
}

const namesAfter = statement<{ id: string; name: string }>(
  'SELECT id, name FROM images WHERE host = ? AND library = ? AND name > ? ORDER BY name LIMIT ?',
)

/** The images of a library after a name, in the order of their names. */
export function imagesAfter(
  db: Queries,
  { host, library }: Place,
  after: string,
  limit: number,
): { readonly id: string; readonly name: string }[] {
  return namesAfter.all(db, host, library, after, limit)
}
