import { countOf } from '@varve/core/units/format-bytes'
import type { DayWindow, ScheduleView } from './schedules.ts'

const units = [
  [86_400, 'day'],
  [3600, 'hour'],
  [60, 'minute'],
  [1, 'second'],
] as const

/** How often, and in which part of the day: `every 30 days, from 22:00 to 06:00`. */
export function everyWords(seconds: number, window: DayWindow | null): string {
  const [size, unit] = units.find(([each]) => seconds % each === 0) ?? [1, 'second']
  const count = seconds / size
  const every = count === 1 ? `every ${unit}` : `every ${countOf(count, unit)}`
  return window === null ? every : `${every}, from ${window.from} to ${window.to}`
}

/** What a schedule does now. */
export function scheduleStateWords({ state, host, window, running }: ScheduleView): string {
  switch (state) {
    case 'off':
      return 'off'
    case 'running':
      return `verifies ${running.map(({ name }) => name).join(', ')}`
    case 'idle':
      return 'nothing is due'
    case 'waits-for-host':
      return `waits for ${host}, which is offline`
    case 'waits-for-window':
      return window === null ? 'waits' : `waits until ${window.from}`
    case 'waits-for-turn':
      return 'waits for its turn'
  }
}
