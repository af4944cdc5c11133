import type { JobProgress } from '@varve/protocol/job-progress'
import type { TransferView } from '@varve/protocol/migrations'
import { write, type Db } from '../store/database.ts'
import { changeFacts, type LiveNumbers } from '../store/migrations-store.ts'

/** The passes over the disk whose numbers a migration shows. */
export type Pass = 'copied' | 'readBack'

/** How far the passes over the disk are, and were when they ended: in memory while they run, then in the store. */
export interface Transfers {
  /** What an agent says of a pass that runs. */
  note(migrationId: string, pass: Pass, progress: JobProgress): void
  /** What a pass had done when it succeeded. */
  end(migrationId: string, pass: Pass, numbers: Omit<TransferView, 'chunkMap'>): void
  /** A step has ended, however it did: what is known of its pass is kept, until another attempt has moved something. */
  keep(migrationId: string): void
  live(migrationId: string): LiveNumbers
}

export interface TransfersOptions {
  readonly db: Db
  readonly onChange: (migrationId: string) => void
}

export function createTransfers({ db, onChange }: TransfersOptions): Transfers {
  const running = new Map<string, { pass: Pass; progress: JobProgress }>()
  const ended = new Map<string, Partial<Record<Pass, TransferView>>>()

  return {
    note(id, pass, progress) {
      // An agent that waits for its turn has nothing to say yet.
      if (!isWaiting(progress) || !running.has(id)) running.set(id, { pass, progress })
      onChange(id)
    },

    end(id, pass, numbers) {
      const now = running.get(id)
      const chunkMap = now?.pass === pass ? now.progress.chunkMap : null
      running.delete(id)
      ended.set(id, { ...ended.get(id), [pass]: { ...numbers, chunkMap } })
    },

    keep(id) {
      const now = running.get(id)
      const passes = {
        ...ended.get(id),
        ...(now && !isWaiting(now.progress) && { [now.pass]: toTransfer(now.progress) }),
      }
      running.delete(id)
      ended.delete(id)
      if (Object.keys(passes).length > 0) write(db, (tx) => changeFacts(tx, id, passes))
    },

    live(id) {
      const now = running.get(id)
      if (!now) return { progress: null, ...ended.get(id) }
      if (isWaiting(now.progress)) return { progress: now.progress, ...ended.get(id) }
      return { progress: now.progress, ...ended.get(id), [now.pass]: toTransfer(now.progress) }
    },
  }
}

function isWaiting({ total, chunkMap, done }: JobProgress): boolean {
  return total === null && chunkMap === null && done === 0
}

function toTransfer({ done, total, skipped, seconds, chunkMap }: JobProgress): TransferView {
  return { done, total, zeros: skipped ?? 0, seconds, fileSize: null, chunkMap }
}
