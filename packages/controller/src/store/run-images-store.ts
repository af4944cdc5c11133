import { filesystemName } from '@varve/core/guest/guest-names'
import { formatBytes } from '@varve/core/units/format-bytes'
import type { Subject } from '@varve/operations/plans/plan'
import type { ImageReportView } from '@varve/protocol/reports'
import type { ImageShape, RunImage } from '@varve/protocol/run-images'
import { and, eq } from 'drizzle-orm'
import { statement, type Queries } from './database.ts'
import { imageReport, imageShape } from './payload-kinds.ts'
import { decodePayload, encodePayload } from './payload.ts'
import { imageReports, images } from './schema.ts'

interface Kept {
  readonly host: string
  readonly path: string
  readonly before: string | null
  readonly fromHost: string | null
  readonly fromPath: string | null
  readonly fromShape: string | null
  readonly after: string | null
  readonly isPast: number
}

const insert = statement(
  `INSERT INTO run_images (runId, position, host, path, before, fromHost, fromPath, fromShape)
   VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
)
const settle = statement(
  'UPDATE run_images SET after = ?, isPast = 1 WHERE host = ? AND path = ? AND isPast = 0',
)
const ofRun = statement<Kept>('SELECT * FROM run_images WHERE runId = ? ORDER BY position')
const newestProof = statement<{ digest: string; takenAt: string }>(
  `SELECT digest, takenAt FROM proofs WHERE imageId = ? ORDER BY takenAt DESC, key DESC LIMIT 1`,
)

/** Keeps what the images are that a run is about to work on; for the runs before it, that is what they have become. */
export function keepRunImages(db: Queries, run: string, subjects: readonly Subject[]): void {
  for (const [position, { host, path, from }] of subjects.entries()) {
    const now = shapeAt(db, host, path)
    const before = encoded(now?.shape ?? null)
    settle.run(db, before, host, path)
    const origin = from ? shapeAt(db, from.host, from.path) : null
    insert.run(
      db,
      run,
      position,
      host,
      path,
      before,
      from?.host ?? null,
      from?.path ?? null,
      encoded(origin?.shape ?? null),
    )
  }
}

/** What a run works on, as it was and as it is. */
export function runImagesOf(db: Queries, run: string): RunImage[] {
  return ofRun.all(db, run).map((kept) => {
    const { host, path, fromHost, fromPath } = kept
    const now = shapeAt(db, host, path)
    return {
      host,
      path,
      image: now?.id ?? null,
      before: decoded(kept.before),
      after: kept.isPast === 1 ? decoded(kept.after) : (now?.shape ?? null),
      from:
        fromHost === null || fromPath === null
          ? null
          : {
              host: fromHost,
              path: fromPath,
              image: shapeAt(db, fromHost, fromPath)?.id ?? null,
              shape: decoded(kept.fromShape),
            },
    }
  })
}

function encoded(shape: ImageShape | null): string | null {
  return shape && encodePayload(imageShape, shape)
}

function decoded(text: string | null): ImageShape | null {
  return text === null ? null : decodePayload(imageShape, text)
}

/** The newest report of the image at that place; null: the inventory has none there. */
function shapeAt(
  db: Queries,
  host: string,
  path: string,
): { readonly id: string; readonly shape: ImageShape } | null {
  const found = db
    .select({ id: images.id, modifiedAt: images.modifiedAt, report: imageReports.report })
    .from(images)
    .innerJoin(imageReports, eq(imageReports.key, images.key))
    .where(and(eq(images.host, host), eq(images.path, path)))
    .get()
  if (!found) return null
  const { id, modifiedAt } = found
  const proof = newestProof.get(db, id)
  // What was written to it since is not proven.
  const digest = proof && Date.parse(proof.takenAt) >= Date.parse(modifiedAt) ? proof.digest : null
  return { id, shape: shapeOf(decodePayload(imageReport, found.report), { modifiedAt, digest }) }
}

const mostSnapshots = 100
/** As many sizes of one layer as people take in. */
const mostSizes = 6
const guestLayers: readonly string[] = ['L7', 'L6', 'L5', 'L4']

function shapeOf(
  report: ImageReportView,
  { modifiedAt, digest }: { readonly modifiedAt: string; readonly digest: string | null },
): ImageShape {
  const { format, subformat, virtualSize, fileSize, allocated, allocation, chain, snapshots, layers } = report
  const [own, parent] = chain
  return {
    format,
    subformat,
    virtualSize,
    fileSize,
    allocated,
    dataBytes: allocation?.dataBytes ?? null,
    identity: own?.identity ?? { kind: 'none' },
    parent: parent ? { path: parent.path, format: parent.format } : null,
    snapshots: snapshots.slice(0, mostSnapshots).map(({ name }) => name),
    snapshotCount: snapshots.length,
    guest: layers.flatMap(({ layer, summary, sure }) =>
      guestLayers.includes(layer) && sure !== 'unknown' && sure !== 'none' && summary !== ''
        ? [{ layer, summary: [summary, ...sizesIn(report.guest, layer)].join(' · ') }]
        : [],
    ),
    digest,
    modifiedAt,
  }
}

/** How large each thing of a layer is, which a change of its size is seen by. */
function sizesIn(guest: ImageReportView['guest'], layer: string): readonly string[] {
  if (guest === null) return []
  const named = (name: string | number, bytes: number | null) =>
    bytes === null ? [] : [`${name}: ${formatBytes(bytes)}`]
  const { table, volumes, filesystems } = guest
  const all =
    layer === 'L4'
      ? table.partitions.flatMap(({ index, length }) => named(index, length))
      : layer === 'L5'
        ? volumes.flatMap(({ members }) => members.flatMap(({ name, length }) => named(name, length)))
        : layer === 'L6'
          ? filesystems.flatMap(({ type, label, size }) => named(label ?? filesystemName(type), size))
          : []
  if (all.length === 0) return []
  return [`${all.slice(0, mostSizes).join(', ')}${all.length > mostSizes ? ', …' : ''}`]
}
