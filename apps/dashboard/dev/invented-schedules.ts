import { DiskError } from '@varve/core/problems/disk-error'
import type { Services } from '@varve/controller/router/context'
import type { FleetEvent } from '@varve/protocol/events'
import type { LibraryPlace, ScheduleView, SetSchedule } from '@varve/protocol/schedules'
import { ago } from './invented-fleet.ts'

const day = 86_400

interface InventedSchedules {
  /** Whether a library has one already. */
  readonly hasPast: boolean
  readonly emit: (event: FleetEvent) => void
}

/** Schedules of libraries: as they are set, and one from before. */
export function inventedSchedules({ hasPast, emit }: InventedSchedules): Services['schedules'] {
  const schedules = new Map<string, ScheduleView>()
  const keyOf = ({ host, library }: LibraryPlace) => `${host} ${library}`
  const kept = hasPast ? [monthly] : []
  for (const one of kept) schedules.set(keyOf(one), one)
  return {
    list: ({ host, offset, limit }) => {
      const rows = [...schedules.values()].filter((one) => host === null || one.host === host)
      return { rows: rows.slice(offset, offset + limit), total: rows.length, offset }
    },
    set: (wish) => {
      const schedule = { ...(schedules.get(keyOf(wish)) ?? fresh(wish)), ...wish }
      const state = wish.isOn ? 'idle' : 'off'
      const changed: ScheduleView = { ...schedule, state, nextAt: wish.isOn ? schedule.nextAt : null }
      schedules.set(keyOf(wish), changed)
      emit({ kind: 'schedule-changed', schedule: changed })
      return changed
    },
    remove: (place) => {
      if (!schedules.delete(keyOf(place)))
        throw new DiskError('not-in-fleet', { file: `${place.host}:${place.library}`, kind: 'schedule' })
      emit({ kind: 'schedule-removed', ...place })
    },
  }
}

function fresh(wish: SetSchedule): ScheduleView {
  return {
    ...wish,
    zone: 'Europe/Berlin',
    state: 'idle',
    running: [],
    images: 107,
    withoutManifest: null,
    due: 0,
    lastAt: null,
    nextAt: ago(-4 * 3600 - 60),
    changed: 0,
    failed: null,
    problem: null,
  }
}

const monthly: ScheduleView = {
  ...fresh({
    host: 'north',
    library: 'images',
    everySeconds: 30 * day,
    window: { from: '22:00', to: '06:00' },
    isOn: true,
  }),
  withoutManifest: 3,
  lastAt: ago(2 * day + 60),
  changed: 1,
}
