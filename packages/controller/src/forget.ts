import { countOf } from '@varve/core/units/format-bytes'
import { DiskError } from '@varve/core/problems/disk-error'
import type { EndedState } from '@varve/protocol/migrations'
import type { Jobs } from './agents/jobs.ts'
import type { Sessions } from './agents/sessions.ts'
import type { EventLog } from './events/event-log.ts'
import { write, type Db, type Queries } from './store/database.ts'
import { endedMigrations, forgetHost, forgetMigration, migrationsAt } from './store/forget-store.ts'
import { changeFacts, findMigration, hasCleanup, type Migration } from './store/migrations-store.ts'
import { aftermathWithout } from './migrations/aftermath.ts'

export interface ForgetOptions {
  readonly db: Db
  readonly log: EventLog
  readonly sessions: Sessions
  readonly jobs: Jobs
  readonly onForgotten: () => void
}

/** Takes hosts that are gone and migrations that are over out of the inventory. Nothing on any host is touched. */
export interface Forget {
  /** Throws `not-found`, and `refused` for a host that is connected or takes part in a migration. */
  host(name: string): void
  /** Throws `not-found`, and `refused` for one that runs or has left a file that is still to be removed. */
  migration(id: string): void
  /** Forgets all that ended in one of these states; gives how many. */
  migrations(states: readonly EndedState[]): number
}

export function createForget({ db, log, sessions, jobs, onForgotten }: ForgetOptions): Forget {
  function drop(tx: Queries, id: string): void {
    forgetMigration(tx, id)
    log.append(tx, { kind: 'migration-removed', id })
  }

  return {
    host(name) {
      const agent = sessions.find(name)
      if (!agent) throw new DiskError('not-in-fleet', { file: name, kind: 'host' })
      if (agent.isConnected) throw stillConnected(name)
      const [busy] = migrationsAt(db, name)
      if (busy) throw stillNeeded(name, busy)
      jobs.giveUp(name)
      sessions.forget(name)
      write(db, (tx) => {
        for (const id of forgetHost(tx, name)) {
          const { target, facts } = findMigration(tx, id) ?? {}
          if (!target || !facts?.aftermath) continue
          const place = { library: target.library, host: name }
          const waitingFor = facts.waitingFor.filter((host) => host !== name)
          changeFacts(tx, id, { aftermath: aftermathWithout(facts.aftermath, place), waitingFor })
        }
        log.append(tx, { kind: 'host-removed', name })
        log.note(tx, { subject: 'host', subjectId: name, title: `${name} was forgotten, with its images` })
      })
      onForgotten()
    },

    migration(id) {
      const migration = findMigration(db, id)
      if (!migration) throw new DiskError('not-in-fleet', { file: id, kind: 'migration' })
      if (['waiting', 'running', 'canceling'].includes(migration.state)) throw stillRunning(migration)
      if (hasCleanup(db, id)) throw stillToClean(migration)
      const { number, state, source, target } = migration
      write(db, (tx) => {
        drop(tx, id)
        const title = `Migration ${number} of ${source.host}:${source.name} to ${target.host}:${target.name} (${state}) was cleared`
        log.note(tx, { subject: 'migration', subjectId: id, title })
      })
      onForgotten()
    },

    migrations(states) {
      const cleared = write(db, (tx) => {
        const counts = [...new Set(states)].map((state) => {
          const ids = endedMigrations(tx, state)
          for (const id of ids) drop(tx, id)
          return { state, count: ids.length }
        })
        const told = counts.filter(({ count }) => count > 0)
        if (told.length > 0) {
          const words = told.map(({ state, count }) => `${countOf(count, 'migration')} that ${ended[state]}`)
          const title = `Cleared: ${words.join(', ')}`
          log.note(tx, { subject: 'migration', subjectId: 'cleared', title })
        }
        return counts.reduce((sum, { count }) => sum + count, 0)
      })
      onForgotten()
      return cleared
    },
  }
}

const ended: Readonly<Record<EndedState, string>> = {
  succeeded: 'succeeded',
  failed: 'failed',
  canceled: 'were canceled',
}

function stillConnected(host: string): DiskError {
  return new DiskError('refused', {
    file: host,
    reason: `${host} is connected, and would be back at once`,
    remedy: `Stop the agent on ${host} first.`,
  })
}

function stillNeeded(host: string, { number }: Migration): DiskError {
  return new DiskError('refused', {
    file: host,
    reason: `migration ${number} is not over and needs ${host}`,
    remedy: 'Cancel the migration, or wait for its end.',
  })
}

function stillRunning({ number, source }: Migration): DiskError {
  return new DiskError('refused', {
    file: source.name,
    reason: `migration ${number} is not over`,
    remedy: 'Cancel it, or wait for its end.',
  })
}

function stillToClean({ number, target }: Migration): DiskError {
  return new DiskError('refused', {
    file: target.name,
    reason: `an unfinished copy of migration ${number} is still to be removed on ${target.host}`,
    remedy: `Start the agent on ${target.host}: it is removed then. Or forget ${target.host}.`,
  })
}
