import { DiskError } from '@varve/core/problems/disk-error'
import { protocolVersion } from '@varve/protocol/primitives'
import { joinCommand, type ListeningAt } from './agents/join-command.ts'
import type { Sessions } from './agents/sessions.ts'
import type { Config } from './config.ts'
import type { Forget } from './forget.ts'
import { isLoopbackName } from './http/guard.ts'
import { controllerVersion } from './package.ts'
import type { Services } from './router/context.ts'
import type { Runs } from './runs/runs.ts'
import type { Db } from './store/database.ts'
import { firstHosts, hostView, listHosts } from './store/hosts-list.ts'
import { hostTotals } from './store/hosts-store.ts'
import { findingGroups, inventoryTotals } from './store/images-store.ts'
import { endedMigrationIds, migrationView, unfinishedMigrations } from './store/migrations-store.ts'

/** Rows of the overview, which stays small in any fleet. */
const mostHosts = 20
const mostRunning = 50
/** As many as an overview holds of those that ended, and of those that failed. */
const mostEnded = 10

export interface FleetServiceOptions {
  readonly db: Db
  readonly config: Pick<Config, 'host' | 'plainText'>
  readonly sessions: Sessions
  readonly runs: Runs
  readonly forget: Forget
  /** What is known of a migration while it runs. */
  readonly liveOf: (id: string) => Parameters<typeof migrationView>[2]
  readonly listening: () => ListeningAt
}

/** The fleet as a whole, and its hosts. */
export function fleetService(options: FleetServiceOptions): Services['fleet'] {
  const { db, config, sessions, runs, forget, liveOf, listening } = options
  return {
    info() {
      return {
        version: controllerVersion,
        protocolVersion,
        hosts: hostTotals(db),
        images: inventoryTotals(db).images,
        migrationsRunning: unfinishedMigrations(db).length,
        runsOpen: runs.countOpen(),
        isOpen: config.plainText && !isLoopbackName(config.host),
      }
    },
    overview() {
      const view = (id: string) => migrationView(db, id, liveOf(id)) ?? []
      const running = unfinishedMigrations(db)
        .map(({ id }) => id)
        .toReversed()
        .slice(0, mostRunning)
      const { ended, failed } = endedMigrationIds(db, mostEnded)
      return {
        hosts: firstHosts(db, mostHosts),
        hostTotals: hostTotals(db),
        ...inventoryTotals(db),
        running: running.flatMap(view),
        recent: ended.flatMap(view),
        failed: failed.flatMap(view),
        findings: findingGroups(db, 50),
        joinCommand: joinCommand(listening()),
        joinsByToken: !isLoopbackName(config.host) && !config.plainText,
      }
    },
    hosts: (query) => listHosts(db, query),
    host: (name) => hostView(db, name),
    forget: (name) => forget.host(name),
    rescan(name) {
      const agent = sessions.find(name)
      if (!agent) throw new DiskError('not-in-fleet', { file: name, kind: 'host' })
      if (!agent.isConnected) throw new DiskError('agent-gone', { file: name, host: name })
      sessions.send(agent, { kind: 'rescan' })
    },
  }
}
