import type { JobProgress } from '@varve/protocol/job-progress'
import type { StallView } from '@varve/protocol/migrations'
import { timestamp } from '../clock.ts'
import type { Db } from '../store/database.ts'
import { migrationsAt } from '../store/forget-store.ts'
import { presenceOfHost } from '../store/hosts-store.ts'
import { runState } from '@varve/operations/runs/run-state'
import { findMigration, type Migration } from '../store/migrations-store.ts'
import { entriesOfRun } from '../store/runs-store.ts'

/** A pass that has not moved for so long is said to stand still. */
const stillMs = 5000
const tickMs = 1000

export interface StallOptions {
  readonly db: Db
  /** How long an agent may be away before its jobs fail. */
  readonly graceMs: number
  readonly progressOf: (migrationId: string) => JobProgress | null
  /** What is known of a migration has changed. */
  readonly onChange: (migrationId: string) => void
}

/** What is known of migrations that run and do not move: an agent that does not answer, or two that do and no bytes. */
export interface Stalls {
  of(migrationId: string): StallView | null
  /** A pass of this migration has reported. */
  note(migrationId: string): void
  /** A host came or went. */
  hostChanged(host: string): void
  stop(): void
}

interface Moved {
  readonly done: number
  readonly at: string
  readonly atMs: number
  isStill: boolean
}

export function createStalls({ db, graceMs, progressOf, onChange }: StallOptions): Stalls {
  const moved = new Map<string, Moved>()

  function tick(): void {
    for (const [id, last] of moved) {
      const progress = progressOf(id)
      if (progress === null) moved.delete(id)
      const isStill = progress !== null && performance.now() - last.atMs >= stillMs
      if (isStill === last.isStill) continue
      last.isStill = isStill
      onChange(id)
    }
  }
  const timer = setInterval(tick, tickMs)
  timer.unref()

  return {
    note(id) {
      const progress = progressOf(id)
      if (progress === null || moved.get(id)?.done === progress.done) return
      moved.set(id, { done: progress.done, at: timestamp(), atMs: performance.now(), isStill: false })
    },

    of(id) {
      const migration = findMigration(db, id)
      if (!migration || (migration.state !== 'running' && migration.state !== 'canceling')) return null
      const away = awayHosts(db, migration)
      if (away) return { since: away.since, message: awayWords(away.hosts, migration, graceMs) }
      const last = moved.get(id)
      if (!last?.isStill) return null
      return { since: last.at, message: stillWords(db, migration) }
    },

    hostChanged(host) {
      for (const { id } of migrationsAt(db, host)) onChange(id)
    },

    stop() {
      clearInterval(timer)
    },
  }
}

function awayHosts(db: Db, { source, target }: Migration): { hosts: string[]; since: string } | null {
  const away = [...new Set([source.host, target.host])].flatMap((host) => {
    const presence = presenceOfHost(db, host)
    return presence && !presence.connected ? [{ host, since: presence.since }] : []
  })
  const [first] = away.map(({ since }) => since).sort()
  return first === undefined ? null : { hosts: away.map(({ host }) => host), since: first }
}

function awayWords(hosts: readonly string[], { state }: Migration, graceMs: number): string {
  const who =
    hosts.length === 1 ? `The agent on ${hosts[0] ?? ''} does` : `The agents on ${hosts.join(' and ')} do`
  const then =
    state === 'canceling'
      ? 'what it left there is removed when it is back'
      : `its work is waited for, and given up after ${Math.round(graceMs / 1000)} s`
  return `${who} not answer; ${then}.`
}

function stillWords(db: Db, { id, source, target }: Migration): string {
  const { steps } = runState(entriesOfRun(db, id), id)
  const isReadBack = steps.some(({ step, phase }) => step.id === 'verify' && phase === 'running')
  const doing = isReadBack
    ? `${target.host} reads the new image back, ${source.host} reads the source`
    : `${target.host} reads from ${source.host} and writes`
  return `No bytes have moved, though both agents answer: ${doing}. A disk or the network between them may hang.`
}
