import type { ErrorView } from '@varve/protocol/primitives'
import type { ScheduleState, ScheduleView } from '@varve/protocol/schedules'
import type { Clock } from '../clock.ts'
import type { Queries } from '../store/database.ts'
import type { Schedule } from '../store/schedules-store.ts'
import { newestFailureOf, openVerifications, verificationTotals } from '../store/verifications-store.ts'
import { isInside, nextInside } from './day-window.ts'

export interface ViewPorts {
  readonly clock: Clock
  readonly isConnected: (host: string) => boolean
  /** Why the host could not say of which images it keeps a manifest. */
  readonly problemOf: (schedule: Schedule) => ErrorView | null
}

/** A schedule as it is shown: what it does now, what was last, what comes next. */
export function scheduleView(db: Queries, schedule: Schedule, ports: ViewPorts): ScheduleView {
  const { host, library, everySeconds, window, isOn, toldAt } = schedule
  const now = ports.clock.now()
  const totals = verificationTotals(db, schedule, dueBefore(schedule, now))
  const open = openVerifications(db, host).filter((one) => one.library === library)
  const running = open.filter(({ runId }) => runId !== null)
  // One that waits for its host before there is a run of it is due still.
  const due = totals.due + open.length - running.length
  const { id, name, at, error } = newestFailureOf(db, schedule) ?? {}
  return {
    host,
    library,
    everySeconds,
    window,
    zone: ports.clock.zone,
    isOn,
    state: stateOf(schedule, { now, due, running: running.length }, ports),
    running: running.slice(0, 100).map((one) => ({ id: one.id, name: one.name, run: one.runId })),
    images: totals.images,
    withoutManifest: toldAt === null ? null : totals.images - totals.kept,
    due,
    lastAt: totals.lastAt,
    nextAt: isOn ? utc(nextOf(schedule, { now, oldest: totals.oldest, zone: ports.clock.zone })) : null,
    changed: totals.changed,
    failed:
      id !== undefined && name !== undefined && at !== undefined && error !== undefined
        ? { images: totals.failed, newest: { id, name, at, error } }
        : null,
    problem: ports.problemOf(schedule),
  }
}

/** Images that nothing was done with since are due. */
export function dueBefore({ everySeconds }: Pick<Schedule, 'everySeconds'>, now: number): string {
  return new Date(now - everySeconds * 1000).toISOString()
}

/** When the image is due that was dealt with longest ago, and may be begun with; null: there is none. */
export function nextOf(
  { everySeconds, window }: Pick<Schedule, 'everySeconds' | 'window'>,
  { now, oldest, zone }: { readonly now: number; readonly oldest: string | null; readonly zone: string },
): number | null {
  if (oldest === null) return null
  const due = Date.parse(oldest) + everySeconds * 1000
  if (window === null) return due
  const from = Math.max(due, now)
  return isInside(window, from, zone) ? due : nextInside(window, from, zone)
}

interface Now {
  readonly now: number
  readonly due: number
  readonly running: number
}

function stateOf(
  { isOn, host, window }: Schedule,
  { now, due, running }: Now,
  ports: ViewPorts,
): ScheduleState {
  if (!isOn && running === 0) return 'off'
  if (running + due > 0 && !ports.isConnected(host)) return 'waits-for-host'
  if (running > 0) return 'running'
  if (due === 0) return 'idle'
  return window === null || isInside(window, now, ports.clock.zone) ? 'waits-for-turn' : 'waits-for-window'
}

function utc(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString()
}
