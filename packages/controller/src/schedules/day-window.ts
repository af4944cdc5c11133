import type { DayWindow } from '@varve/protocol/schedules'

const minuteMs = 60_000
const day = 24 * 60

/** Whether the clock of the zone shows a time of the window; its end is outside. */
export function isInside({ from, to }: DayWindow, at: number, zone: string): boolean {
  const [begin, end, now] = [minutesOf(from), minutesOf(to), minuteOfDay(at, zone)]
  return begin < end ? now >= begin && now < end : now >= begin || now < end
}

/** Clocks are put forward or back by so many minutes at most. */
const mostShift = 120

/** The first moment from `at` on that lies in the window, in ms. */
export function nextInside(window: DayWindow, at: number, zone: string): number {
  if (isInside(window, at, zone)) return at
  const minute = Math.floor(at / minuteMs)
  const wait = (minutesOf(window.from) - minuteOfDay(at, zone) + day) % day
  // The clock of the zone may be put forward or back before that.
  let begin = minute + Math.max(0, wait - mostShift)
  while (!isInside(window, begin * minuteMs, zone)) begin += 1
  return Math.max(at, begin * minuteMs)
}

function minutesOf(time: string): number {
  const [hours = '', minutes = ''] = time.split(':')
  return Number(hours) * 60 + Number(minutes)
}

const formats = new Map<string, Intl.DateTimeFormat>()

function minuteOfDay(at: number, zone: string): number {
  const format =
    formats.get(zone) ??
    new Intl.DateTimeFormat('en-GB', {
      timeZone: zone,
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
    })
  formats.set(zone, format)
  return minutesOf(format.format(at))
}
