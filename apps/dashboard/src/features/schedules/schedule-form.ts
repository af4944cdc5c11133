import { longestEvery, shortestEvery } from '@varve/protocol/schedule-limits'
import { DayWindow, type ScheduleView, type SetSchedule } from '@varve/protocol/schedules'

/** A schedule as it is written into the fields. */
export interface ScheduleForm {
  readonly count: string
  readonly unit: 'days' | 'hours'
  /** Both empty: the whole day. */
  readonly from: string
  readonly to: string
  readonly isOn: boolean
}

const seconds = { days: 86_400, hours: 3600 } as const

/** The fields of a schedule; a new one is every 30 days. */
export function toForm(schedule: ScheduleView | null): ScheduleForm {
  if (schedule === null) return { count: '30', unit: 'days', from: '', to: '', isOn: true }
  const { everySeconds, window, isOn } = schedule
  const unit = everySeconds % seconds.days === 0 ? 'days' : 'hours'
  return {
    count: String(everySeconds / seconds[unit]),
    unit,
    from: window?.from ?? '',
    to: window?.to ?? '',
    isOn,
  }
}

export interface FormProblems {
  readonly count: string | null
  readonly window: string | null
}

/** What keeps the fields from being a schedule; null: nothing. */
export function problemsOf(form: ScheduleForm): FormProblems {
  const every = everyOf(form)
  const isPossible = every >= shortestEvery && every <= longestEvery
  const { from, to } = form
  const isWholeDay = from === '' && to === ''
  return {
    count: isPossible ? null : 'from 1 hour to 365 days',
    window:
      isWholeDay || DayWindow.safeParse({ from, to }).success
        ? null
        : 'two times that differ, or none for the whole day',
  }
}

/** What the fields ask for; null when they are no schedule. */
export function toWish(
  form: ScheduleForm,
  place: { readonly host: string; readonly library: string },
): SetSchedule | null {
  const { count, window } = problemsOf(form)
  if (count !== null || window !== null) return null
  const { from, to, isOn } = form
  return {
    ...place,
    everySeconds: Math.round(everyOf(form)),
    window: from === '' ? null : { from, to },
    isOn,
  }
}

function everyOf({ count, unit }: ScheduleForm): number {
  return /^\d{1,5}(?:\.\d{1,2})?$/u.test(count.trim()) ? Number(count) * seconds[unit] : Number.NaN
}
