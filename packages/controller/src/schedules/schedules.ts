import { DiskError } from '@varve/core/problems/disk-error'
import { everyWords } from '@varve/protocol/schedule-words'
import type { LibraryPlace, ScheduleView } from '@varve/protocol/schedules'
import type { EventLog } from '../events/event-log.ts'
import type { Services } from '../router/context.ts'
import { write, type Db } from '../store/database.ts'
import { libraryNames, presenceOfHost } from '../store/hosts-store.ts'
import {
  findSchedule,
  listSchedules,
  removeSchedule,
  saveSchedule,
  schedulesOf,
} from '../store/schedules-store.ts'
import { scheduleView, type ViewPorts } from './schedule-view.ts'

export interface SchedulesOptions extends ViewPorts {
  readonly db: Db
  readonly log: EventLog
  /** The schedules of a host are others. */
  readonly onSet: (host: string) => void
}

/** Schedules as people set and see them. */
export interface Schedules {
  readonly service: Services['schedules']
  /** Publishes those of a host that are shown otherwise now. */
  changed(host: string): void
}

export function createSchedules({ db, log, onSet, ...ports }: SchedulesOptions): Schedules {
  /** What was published last of each. */
  const published = new Map<string, string>()
  const keyOf = ({ host, library }: LibraryPlace) => `${host}/${library}`

  function publish(schedule: ScheduleView): void {
    const text = JSON.stringify(schedule)
    if (published.get(keyOf(schedule)) === text) return
    published.set(keyOf(schedule), text)
    write(db, (tx) => log.append(tx, { kind: 'schedule-changed', schedule }))
  }

  return {
    service: {
      list({ host, offset, limit }) {
        const { rows, total } = listSchedules(db, { host, offset, limit })
        return { rows: rows.map((row) => scheduleView(db, row, ports)), total, offset }
      },

      set(schedule) {
        assertLibrary(db, schedule)
        const { host, library, everySeconds, window, isOn } = schedule
        write(db, (tx) => {
          saveSchedule(tx, schedule)
          const words = isOn
            ? `is verified ${everyWords(everySeconds, window)}`
            : 'is not verified until its schedule is on again'
          const title = `${host}:${library} ${words}`
          log.note(tx, { subject: 'host', subjectId: host, title })
        })
        const kept = findSchedule(db, schedule)
        if (!kept) throw new Error('a schedule that was saved is there')
        const view = scheduleView(db, kept, ports)
        publish(view)
        onSet(host)
        return view
      },

      remove(place) {
        const { host, library } = place
        write(db, (tx) => {
          if (!removeSchedule(tx, place))
            throw new DiskError('not-in-fleet', { file: `${host}:${library}`, kind: 'schedule' })
          log.append(tx, { kind: 'schedule-removed', host, library })
          const title = `${host}:${library} has no schedule any more`
          log.note(tx, { subject: 'host', subjectId: host, title })
        })
        published.delete(keyOf(place))
        onSet(host)
      },
    },

    changed(host) {
      for (const schedule of schedulesOf(db, host)) publish(scheduleView(db, schedule, ports))
    },
  }
}

function assertLibrary(db: Db, { host, library }: LibraryPlace): void {
  if (!presenceOfHost(db, host)) throw new DiskError('not-in-fleet', { file: host, kind: 'host' })
  const names = libraryNames(db, host)
  if (names.includes(library)) return
  throw new DiskError('refused', {
    file: `${host}:${library}`,
    reason: `${host} has no library ${JSON.stringify(library)}`,
    remedy: names.length === 0 ? 'Start its agent with that library.' : `It has: ${names.join(', ')}.`,
  })
}
