import type { Jobs } from '../agents/jobs.ts'
import type { Clock } from '../clock.ts'
import type { EventLog } from '../events/event-log.ts'
import type { Projection, Runs } from '../runs/runs.ts'
import type { Db, Queries } from '../store/database.ts'
import { createAskKept } from './kept-manifests.ts'
import { recordVerification } from './record-verification.ts'
import { createScheduler } from './scheduler.ts'
import { createSchedules, type Schedules } from './schedules.ts'

export interface SchedulingOptions {
  readonly db: Db
  readonly log: EventLog
  readonly clock: Clock
  /** Images that are verified on one host at once. */
  readonly atOnce: number
  readonly isConnected: (host: string) => boolean
  readonly jobs: Jobs
  /** They tell of their ends, and are started: each needs the other. */
  readonly runs: () => Runs
  /** An image is shown otherwise now. */
  readonly onImage: () => void
  readonly onError: (error: unknown) => void
}

/** Images that are proven again by schedules, and what is found of them. */
export interface Scheduling {
  readonly service: Schedules['service']
  /** Told of every entry of every run. */
  readonly record: Projection
  start(): void
  /** A host came or went. */
  wake(host: string): void
  stop(): void
}

export function createScheduling(options: SchedulingOptions): Scheduling {
  const { db, log, clock, atOnce, isConnected, jobs, runs, onError } = options
  let isStopped = false
  const note = (tx: Queries, image: string, title: string) =>
    log.note(tx, { subject: 'image', subjectId: image, title })

  function imageChanged(tx: Queries, id: string): void {
    log.changed(tx, `image:${id}`)
    options.onImage()
  }

  const scheduler = createScheduler({
    db,
    clock,
    atOnce,
    isConnected,
    askKept: createAskKept({ db, jobs, onCleared: imageChanged }),
    startRun: async (request, signal) => await runs().service.start(request, signal),
    isOpen: (run) => runs().view(run)?.finishedAt === null,
    note,
    onChange: (host) => schedules.changed(host),
    onError,
  })
  const schedules = createSchedules({
    db,
    log,
    clock,
    isConnected,
    problemOf: (schedule) => scheduler.problemOf(schedule),
    onSet: (host) => scheduler.wake(host),
  })

  return {
    service: schedules.service,
    record: recordVerification({
      note,
      onVerified(tx, { id, host }) {
        imageChanged(tx, id)
        // After the transaction that it is told in.
        setImmediate(() => wake(host))
      },
    }),
    start: () => scheduler.start(),
    wake,
    stop() {
      isStopped = true
      scheduler.stop()
    },
  }

  /** Its schedules are shown otherwise, whether they are on or not. */
  function wake(host: string): void {
    if (isStopped) return
    schedules.changed(host)
    scheduler.wake(host)
  }
}
