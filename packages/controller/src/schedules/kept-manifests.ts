import { randomBytes } from 'node:crypto'
import type { Jobs } from '../agents/jobs.ts'
import { write, type Db, type Queries } from '../store/database.ts'
import { refreshFindings } from '../store/save-images.ts'
import { setTold, type Schedule } from '../store/schedules-store.ts'
import { imagesAfter, saveKept } from '../store/verifications-store.ts'

/** Images that a host is asked of at once. */
const atOnce = 1000

export interface KeptManifestsOptions {
  readonly db: Db
  readonly jobs: Pick<Jobs, 'start' | 'forget'>
  /** What was found against an older manifest does not count any more; in the transaction. */
  readonly onCleared: (tx: Queries, imageId: string) => void
}

/** Asks the host of a library of which images it keeps a manifest, and since when. */
export type AskKept = (schedule: Schedule, now: string, signal: AbortSignal) => Promise<void>

export function createAskKept({ db, jobs, onCleared }: KeptManifestsOptions): AskKept {
  return async (schedule, now, signal) => {
    const { host, library } = schedule
    for (let after = ''; ;) {
      const images = imagesAfter(db, schedule, after, atOnce)
      const key = `proofs/${randomBytes(9).toString('hex')}`
      const { provenAt } = await jobs.start<'proofs'>(
        host,
        { kind: 'proofs', library, names: images.map(({ name }) => name) },
        {
          idempotencyKey: key,
          title: `Look which manifests are kept of ${library}`,
          noProgressSeconds: 120,
          signal,
        },
      )
      signal.throwIfAborted()
      // The answer is kept below: of ten thousand images it would be large.
      jobs.forget(key)
      write(db, (tx) => {
        for (const [at, { id }] of images.entries()) {
          if (!saveKept(tx, { id, host }, utc(provenAt[at] ?? null))) continue
          refreshFindings(tx, id)
          onCleared(tx, id)
        }
      })
      const last = images.at(-1)
      if (images.length < atOnce || !last) break
      after = last.name
    }
    write(db, (tx) => setTold(tx, schedule, now))
  }
}

/** With milliseconds, so that times compare as text. */
function utc(time: string | null): string | null {
  return time === null ? null : new Date(time).toISOString()
}
