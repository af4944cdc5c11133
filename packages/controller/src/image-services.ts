import { randomBytes } from 'node:crypto'
import { DiskError } from '@varve/core/problems/disk-error'
import type { Reading } from '@varve/protocol/primitives'
import type { Jobs } from './agents/jobs.ts'
import type { Manifests } from './agents/manifests.ts'
import { timestamp } from './clock.ts'
import type { EventLog } from './events/event-log.ts'
import type { ImageRow } from '@varve/protocol/images'
import type { Services } from './router/context.ts'
import { write, type Db } from './store/database.ts'
import type { ImageLists } from './store/images-list.ts'
import { imageRow, imageView } from './store/images-store.ts'
import { saveReport } from './store/save-images.ts'
import { libraryFactsOfHost, presenceOfHost } from './store/hosts-store.ts'
import { withPlaceNow } from './place-now.ts'
import type { ToldFormats } from './told-formats.ts'
import { saveProof } from './store/proofs-store.ts'

interface ImagePorts {
  readonly db: Db
  readonly log: EventLog
  readonly jobs: Jobs
  readonly manifests: Manifests
  readonly lists: ImageLists
  readonly publishImage: (id: string) => void
  readonly told: ToldFormats
}

/** What the API does with images. */
export function imageServices({
  db,
  log,
  jobs,
  manifests,
  lists,
  publishImage,
  told,
}: ImagePorts): Services['images'] {
  const stateOf = (host: string): ImageRow['hostState'] =>
    presenceOfHost(db, host)?.connected === true ? 'connected' : 'offline'
  const get = (id: string) => {
    const view = imageView(db, id, (digest) => manifests.has(digest))
    if (!view) return null
    const row = { ...view.row, hostState: stateOf(view.row.host) } as const
    const report = withPlaceNow(view.report, libraryFactsOfHost(db, row.host))
    return { ...view, row, report, told: told.forImage(row) }
  }
  const expect = (id: string) => {
    const row = imageRow(db, id)
    if (!row) throw new DiskError('not-in-fleet', { file: id, kind: 'image' })
    return row
  }
  const settings = (signal: AbortSignal | undefined, title: string) => ({
    idempotencyKey: `/image/${randomBytes(12).toString('hex')}`,
    title,
    noProgressSeconds: 60,
    signal: signal ?? new AbortController().signal,
  })
  const reportOf = async (id: string, reading: Reading, signal: AbortSignal | undefined) => {
    const { host, library, name } = expect(id)
    const { report } = await jobs.start<'inspect'>(
      host,
      { kind: 'inspect', library, name, reading },
      settings(signal, `Inspect ${name}`),
    )
    return report
  }
  return {
    reportOf,
    list(query) {
      const page = lists.list(query)
      const states = new Map(
        [...new Set(page.rows.map(({ host }) => host))].map((host) => [host, stateOf(host)]),
      )
      const rows = page.rows.map((row) => ({ ...row, hostState: states.get(row.host) ?? row.hostState }))
      return { ...page, rows }
    },
    chooseFormat: (choice) => told.choose(choice),
    formatChoices: (host) => told.of(host),
    get,
    async digest(id, signal) {
      const { host, library, name } = expect(id)
      const { kind: _, ...result } = await jobs.start<'digest'>(
        host,
        { kind: 'digest', library, name },
        settings(signal, `Digest ${name}`),
      )
      write(db, (tx) => {
        saveProof(tx, { imageId: id, ...result, takenAt: timestamp() })
        const title = `${host}:${name} was digested: ${result.digest.slice(0, 16)}…`
        log.note(tx, { subject: 'image', subjectId: id, title })
      })
      lists.changed()
      publishImage(id)
      return result
    },
    async inspect(id, signal) {
      const { name } = expect(id)
      const report = await reportOf(id, {}, signal)
      write(db, (tx) => saveReport(tx, id, report))
      lists.changed()
      publishImage(id)
      const view = get(id)
      if (!view) throw new DiskError('not-in-fleet', { file: name, kind: 'image' })
      return view
    },
  }
}
