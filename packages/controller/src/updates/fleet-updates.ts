import type { Jobs } from '../agents/jobs.ts'
import type { Sessions } from '../agents/sessions.ts'
import type { AuditLog } from '../audit/audit-log.ts'
import type { EventLog } from '../events/event-log.ts'
import type { Releases } from '../install/releases.ts'
import { write, type Db } from '../store/database.ts'
import { connectedPrograms, endTrialOf, knownHost } from '../store/hosts-store.ts'
import { runningJobs } from '../store/jobs-store.ts'
import { openRunsAt } from '../store/runs-store.ts'
import { createUpdates, type Updates } from './updates.ts'

export interface FleetUpdatesOptions {
  readonly db: Db
  readonly log: EventLog
  readonly jobs: Jobs
  readonly sessions: Sessions
  readonly releases: Releases
  readonly audit: Pick<AuditLog, 'service'>
  readonly onError: (error: unknown) => void
}

/** Updates of the agents of this controller's fleet. */
export function fleetUpdates({
  db,
  log,
  jobs,
  sessions,
  releases,
  audit,
  onError,
}: FleetUpdatesOptions): Updates {
  return createUpdates({
    db,
    jobs,
    sessions,
    releases: async () => releases.state(),
    connected: () => connectedPrograms(db),
    knownHost: (host) => knownHost(db, host),
    onKept: (host) => write(db, (tx) => endTrialOf(tx, host)),
    workOf(host) {
      const [job] = runningJobs(db, host)
      if (job) return job.title
      const runs = openRunsAt(db, host).length
      return runs === 0 ? null : `${runs} ${runs === 1 ? 'run is' : 'runs are'} not over`
    },
    note: (host, title) => log.note(db, { subject: 'host', subjectId: host, title }),
    record: (line) => audit.service.record(line),
    onError,
  })
}
