import { randomBytes } from 'node:crypto'
import { DiskError, isDiskError, toErrorRecord } from '@varve/core/problems/disk-error'
import { verifyOperation } from '@varve/operations/read/read-operations'
import type { ErrorView } from '@varve/protocol/primitives'
import type { Clock } from '../clock.ts'
import type { Services } from '../router/context.ts'
import { write, type Db, type Queries } from '../store/database.ts'
import { scheduledHosts, schedulesOf, type Schedule } from '../store/schedules-store.ts'
import {
  oldestOf,
  openVerifications,
  saveTried,
  setRunId,
  setRunKey,
  verificationTotals,
  type ImageVerification,
} from '../store/verifications-store.ts'
import { isInside } from './day-window.ts'
import type { AskKept } from './kept-manifests.ts'
import { dueBefore, nextOf } from './schedule-view.ts'

/** How long what a host told of its manifests counts, and when it is asked again after it could not say. */
const toldMs = 3_600_000
const askAgainMs = 600_000
/** The clock may be put forward: it is looked at so often. */
const mostMs = 60_000

export interface SchedulerOptions {
  readonly db: Db
  readonly clock: Clock
  /** Images that are verified on one host at once. */
  readonly atOnce: number
  readonly isConnected: (host: string) => boolean
  readonly askKept: AskKept
  /** The one way to start a run. */
  readonly startRun: Services['runs']['start']
  /** Whether a run is not over. */
  readonly isOpen: (run: string) => boolean
  /** A line for people of an image, in the transaction of what it tells. */
  readonly note: (tx: Queries, image: string, title: string) => void
  /** What schedules of a host do may have changed. */
  readonly onChange: (host: string) => void
  readonly onError: (error: unknown) => void
}

/** Starts runs that prove images again, the one that was verified longest ago first. */
export interface Scheduler {
  start(): void
  /** Something has changed on a host: it came or went, a run is over, its schedules are others. */
  wake(host: string): void
  /** Why a host could not say of which images of a library it keeps a manifest. */
  problemOf(schedule: Pick<Schedule, 'host' | 'library'>): ErrorView | null
  stop(): void
}

export function createScheduler(options: SchedulerOptions): Scheduler {
  const { db, clock } = options
  const stopping = new AbortController()
  /** When each host is visited next. */
  const visits = new Map<string, number>()
  const visiting = new Set<string>()
  const problems = new Map<string, { readonly at: number; readonly error: ErrorView }>()
  let disarm = () => {}

  const keyOf = ({ host, library }: Pick<Schedule, 'host' | 'library'>) => `${host}/${library}`
  const utcNow = () => new Date(clock.now()).toISOString()

  function arm(): void {
    disarm()
    if (stopping.signal.aborted) return
    let next = Number.POSITIVE_INFINITY
    for (const [host, at] of visits) if (!visiting.has(host)) next = Math.min(next, at)
    if (next === Number.POSITIVE_INFINITY) return
    disarm = clock.after(Math.min(mostMs, Math.max(0, next - clock.now())), tick)
  }

  function tick(): void {
    const now = clock.now()
    for (const [host, at] of visits) if (at <= now && !visiting.has(host)) void visit(host)
    arm()
  }

  /** Never throws: what fails is told, and tried again a little later. */
  async function visit(host: string): Promise<void> {
    visits.delete(host)
    visiting.add(host)
    let next: number
    try {
      next = await work(host)
    } catch (error) {
      if (!stopping.signal.aborted) options.onError(error)
      next = clock.now() + askAgainMs
    }
    visiting.delete(host)
    if (stopping.signal.aborted) return
    // It may have been woken meanwhile.
    const soonest = Math.min(next, visits.get(host) ?? next)
    if (soonest !== Number.POSITIVE_INFINITY) visits.set(host, soonest)
    options.onChange(host)
    arm()
  }

  /** Starts what is due on a host; gives when to look again. */
  async function work(host: string): Promise<number> {
    const schedules = schedulesOf(db, host).filter(({ isOn }) => isOn)
    if (!options.isConnected(host)) return soonestOf(schedules)
    for (const image of openVerifications(db, host)) await goOn(host, image)
    for (const schedule of schedules) await ask(schedule)
    while (openVerifications(db, host).length < options.atOnce) {
      const image = oldestDue(schedules)
      if (!image) break
      const key = `schedule/${randomBytes(12).toString('hex')}`
      write(db, (tx) => setRunKey(tx, image.id, key))
      await begin(host, image, key)
    }
    const told = schedulesOf(db, host).flatMap((schedule) => (schedule.isOn ? askAt(schedule) : []))
    return Math.min(soonestOf(schedules), ...told)
  }

  /** What a controller that died was about to start is started; what is over frees its place. */
  async function goOn(host: string, image: ImageVerification): Promise<void> {
    const { id, runKey, runId } = image
    if (runKey !== null && runId === null) await begin(host, image, runKey)
    else if (runId !== null && !options.isOpen(runId)) write(db, (tx) => setRunKey(tx, id, null))
  }

  async function begin(host: string, image: ImageVerification, key: string): Promise<void> {
    const { id, path, format, library } = image
    const request = { image: { path, format, reading: {} }, inUse: 'refuse', keep: false }
    try {
      const run = await options.startRun(
        {
          host,
          library,
          operation: verifyOperation.name,
          request,
          idempotencyKey: key,
          accepted: [],
          askedBy: 'schedule',
        },
        stopping.signal,
      )
      if (!stopping.signal.aborted) write(db, (tx) => setRunId(tx, id, { key, id: run.id }))
    } catch (error) {
      if (stopping.signal.aborted) throw error
      // It begins under the same key once its host is back.
      if (!isDiskError(error) || isDiskError(error, 'agent-gone')) {
        if (!isDiskError(error)) throw error
        return
      }
      write(db, (tx) => {
        setRunKey(tx, id, null)
        saveTried(tx, id, { at: utcNow(), error: toErrorRecord(error, path) })
        options.note(tx, id, `${host}:${path} could not be verified: ${error.message}`)
      })
    }
    options.onChange(host)
  }

  /** When the host is asked next which manifests it keeps. */
  function askAt(schedule: Schedule): number {
    const problem = problems.get(keyOf(schedule))
    if (problem) return problem.at + askAgainMs
    return schedule.toldAt === null ? 0 : Date.parse(schedule.toldAt) + toldMs
  }

  async function ask(schedule: Schedule): Promise<void> {
    if (askAt(schedule) > clock.now()) return
    try {
      await options.askKept(schedule, utcNow(), stopping.signal)
      problems.delete(keyOf(schedule))
    } catch (error) {
      if (stopping.signal.aborted) throw error
      if (!(error instanceof DiskError)) options.onError(error)
      const view = toErrorRecord(error, schedule.host)
      problems.set(keyOf(schedule), { at: clock.now(), error: view })
    }
  }

  function oldestDue(schedules: readonly Schedule[]): ImageVerification | null {
    const now = clock.now()
    const due = schedules
      .filter(({ window }) => window === null || isInside(window, now, clock.zone))
      .flatMap((schedule) => oldestOf(db, schedule, dueBefore(schedule, now)) ?? [])
    return due.toSorted((a, b) => (a.verifiedAt < b.verifiedAt ? -1 : 1))[0] ?? null
  }

  /** When the next image is due that is not due yet, or whose window is closed. */
  function soonestOf(schedules: readonly Schedule[]): number {
    const now = clock.now()
    const all = schedules.flatMap((schedule) => {
      const { oldest } = verificationTotals(db, schedule, dueBefore(schedule, now))
      return nextOf(schedule, { now, oldest, zone: clock.zone }) ?? []
    })
    return Math.min(...all.filter((at) => at > now))
  }

  return {
    start() {
      for (const host of scheduledHosts(db)) visits.set(host, clock.now())
      arm()
    },
    wake(host) {
      if (stopping.signal.aborted) return
      visits.set(host, clock.now())
      arm()
    },
    problemOf: (schedule) => problems.get(keyOf(schedule))?.error ?? null,
    stop() {
      stopping.abort(new Error('the controller stops'))
      disarm()
    },
  }
}
