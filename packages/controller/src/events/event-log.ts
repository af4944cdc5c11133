import { EventEmitter } from 'node:events'
import type { ActivityRow, EventView, FleetEvent } from '@varve/protocol/events'
import { timestamp } from '../clock.ts'
import type { Numbered } from './numbered.ts'
import type { Db, Queries } from '../store/database.ts'
import {
  appendActivity,
  appendChange,
  appendEvent,
  eventsAfter,
  lastEventSequence,
  listActivity,
  pruneEvents,
  type EventsPage,
} from '../store/events-store.ts'

const pageSize = 500
/** Rows that are dropped in one write, so that nobody waits for it. */
const pruneAtOnce = 2000

/** What happened, as rows with sequence numbers; readers keep a place in it and are only woken. */
export interface EventLog {
  /** Appends in the caller's transaction; readers see it once that is committed. */
  append(db: Queries, event: FleetEvent): void
  /** The same for what is in the store already. */
  changed(db: Queries, subject: `${'image' | 'host'}:${string}`): void
  /** Adds a line for people to the activity log. */
  note(db: Queries, row: Omit<ActivityRow, 'sequence' | 'at'>): void
  /** Events after `lastId` in batches, oldest first; the number of a batch is that of its last event. */
  since(lastId: number | null, reader: EventReader): AsyncGenerator<Numbered<EventView[]>>
  activity(before: number | null, limit: number): ActivityRow[]
  /** Drops what is too old, a part at a time. */
  prune(): void
}

export interface EventReader {
  readonly signal: AbortSignal
  /** Waits until the reader has taken most of what it was given; what changes meanwhile is joined up. */
  readonly drained?: () => Promise<void>
}

export interface EventLogOptions {
  readonly keep: number
  /** Shortest time between two batches; changes of one thing in it are one event. */
  readonly paceMs: number
}

export function createEventLog(db: Db, options: EventLogOptions): EventLog {
  const wakes = new EventEmitter()
  wakes.setMaxListeners(0)
  let isWakeDue = false
  let pruning: NodeJS.Timeout | null = null
  let lastWake = Number.NEGATIVE_INFINITY
  let page: (EventsPage & { readonly after: number }) | null = null

  function wake(): void {
    page = null
    if (isWakeDue) return
    isWakeDue = true
    const since = performance.now() - lastWake
    const emit = () => {
      isWakeDue = false
      lastWake = performance.now()
      wakes.emit('wake')
    }
    if (since >= options.paceMs) setImmediate(emit)
    else setTimeout(emit, options.paceMs - since)
  }

  function pruneOn(): void {
    pruning = null
    if (db.$client.open) log.prune()
  }

  /** Readers that keep up are all at the same place, so the last page that was read serves them all. */
  function pageAfter(place: number): EventsPage {
    if (page?.after !== place) page = { after: place, ...eventsAfter(db, place, pageSize) }
    return page
  }

  const log: EventLog = {
    append(queries, event) {
      appendEvent(queries, event, timestamp())
      wake()
    },
    changed(queries, subject) {
      appendChange(queries, subject, timestamp())
      wake()
    },
    note(queries, row) {
      appendActivity(queries, { ...row, at: timestamp() })
    },
    async *since(lastId, { signal, drained }) {
      const waker = waitingFor(wakes, signal)
      // From here on no wake is missed; only now the backlog is read.
      const newest = lastEventSequence(db)
      let place = lastId === null || lastId > newest ? newest : lastId
      while (!signal.aborted) {
        const { events, last, isFull } = pageAfter(place)
        place = last ?? place
        if (events.length > 0) {
          yield { id: place, value: events }
          await drained?.()
        }
        if (!isFull && !(await waker())) return
      }
    },
    activity: (before, limit) => listActivity(db, before, limit),
    prune() {
      if (pruneEvents(db, { keep: options.keep, most: pruneAtOnce }))
        pruning ??= setTimeout(pruneOn, 20).unref()
    },
  }
  return log
}

/** Waits for the next `wake` since the last call, remembering at most one; false when aborted. Listens from now on. */
export function waitingFor(wakes: EventEmitter, signal: AbortSignal): () => Promise<boolean> {
  let isAwake = false
  let resume: ((go: boolean) => void) | null = null
  const onWake = () => {
    isAwake = true
    settle(true)
  }
  const onAbort = () => {
    wakes.off('wake', onWake)
    settle(false)
  }
  function settle(go: boolean): void {
    const waiting = resume
    resume = null
    waiting?.(go)
  }
  wakes.on('wake', onWake)
  signal.addEventListener('abort', onAbort, { once: true })
  return async () => {
    if (!isAwake && !signal.aborted) await new Promise<boolean>((resolve) => (resume = resolve))
    isAwake = false
    return !signal.aborted
  }
}
