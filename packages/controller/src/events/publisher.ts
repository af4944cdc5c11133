import type { FleetEvent } from '@varve/protocol/events'
import type { Db } from '../store/database.ts'
import { write } from '../store/database.ts'
import type { EventLog } from './event-log.ts'

/** Publishes the newest state of things that change often: at once, then at most every `intervalMs` for each thing. */
export interface Publisher {
  touch(kind: 'host' | 'migration' | 'run', id: string): void
  /** Publishes now what waits for its turn. */
  flush(): void
  stop(): void
}

interface Views {
  /** `stored`: the store knows what it is now, and is asked when somebody reads the event. */
  readonly host: (id: string) => FleetEvent | 'stored' | null
  readonly migration: (id: string) => FleetEvent | null
  readonly run: (id: string) => FleetEvent | null
}

export interface PublisherOptions {
  readonly db: Db
  readonly log: EventLog
  readonly views: Views
  readonly intervalMs: number
  readonly onError: (error: unknown) => void
}

export function createPublisher({ db, log, views, intervalMs, onError }: PublisherOptions): Publisher {
  const due = new Map<string, { publish: () => void; timer: NodeJS.Timeout }>()
  const lastAt = new Map<string, number>()

  function publish(kind: 'host' | 'migration' | 'run', id: string): void {
    const event = views[kind](id)
    if (event === 'stored') log.changed(db, `${kind === 'host' ? 'host' : 'image'}:${id}`)
    else if (event) write(db, (tx) => log.append(tx, event))
  }

  return {
    touch(kind, id) {
      const key = `${kind}:${id}`
      if (due.has(key)) return
      const wait = Math.max(0, (lastAt.get(key) ?? 0) + intervalMs - Date.now())
      const run = () => {
        due.delete(key)
        lastAt.set(key, Date.now())
        try {
          publish(kind, id)
        } catch (error) {
          onError(error)
        }
      }
      due.set(key, { publish: run, timer: setTimeout(run, wait) })
    },
    flush() {
      for (const { publish: run, timer } of due.values()) {
        clearTimeout(timer)
        run()
      }
    },
    stop() {
      for (const { timer } of due.values()) clearTimeout(timer)
      due.clear()
    },
  }
}
