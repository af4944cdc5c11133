import { EventEmitter } from 'node:events'
import type { ActivityRow, EventView, FleetEvent } from '@varve/protocol/events'
import { timestamp } from '../clock.ts'
import type { Numbered } from '../router/context.ts'
import type { Db, Queries } from '../store/database.ts'
import {
  appendActivity,
  appendEvent,
  eventsAfter,
  lastEventSequence,
  listActivity,
  pruneEvents,
} from '../store/events-store.ts'

const pageSize = 200

/** What happened, as rows with sequence numbers; readers keep a place in it and are only woken. */
export interface EventLog {
  /** Appends in the caller's transaction; readers see it once that is committed. */
  append(db: Queries, event: FleetEvent): void
  /** Adds a line for people to the activity log. */
  note(db: Queries, row: Omit<ActivityRow, 'sequence' | 'at'>): void
  since(lastId: number | null, signal: AbortSignal): AsyncGenerator<Numbered<EventView>>
  activity(before: number | null, limit: number): ActivityRow[]
  prune(): void
}

export function createEventLog(db: Db, options: { keep: number }): EventLog {
  const wakes = new EventEmitter()
  wakes.setMaxListeners(0)
  let isWakeDue = false

  function wake(): void {
    if (isWakeDue) return
    isWakeDue = true
    setImmediate(() => {
      isWakeDue = false
      wakes.emit('wake')
    })
  }

  return {
    append(queries, event) {
      appendEvent(queries, event, timestamp())
      wake()
    },
    note(queries, row) {
      appendActivity(queries, { ...row, at: timestamp() })
    },
    async *since(lastId, signal) {
      const waker = waitingFor(wakes, signal)
      // From here on no wake is missed; only now the backlog is read.
      const newest = lastEventSequence(db)
      let place = lastId === null || lastId > newest ? newest : lastId
      while (!signal.aborted) {
        const page = eventsAfter(db, place, pageSize)
        for (const event of page) {
          place = event.sequence
          yield { id: event.sequence, value: event }
        }
        if (page.length < pageSize && !(await waker())) return
      }
    },
    activity: (before, limit) => listActivity(db, before, limit),
    prune() {
      pruneEvents(db, options.keep)
    },
  }
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
