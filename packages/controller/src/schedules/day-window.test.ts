import { expect, test } from 'vitest'
import { isInside, nextInside } from './day-window.ts'

const night = { from: '22:00', to: '06:00' }
const lunch = { from: '12:00', to: '13:30' }

test.each([
  [night, '21:59', false],
  [night, '22:00', true],
  [night, '00:00', true],
  [night, '05:59', true],
  [night, '06:00', false],
  [lunch, '11:59', false],
  [lunch, '12:00', true],
  [lunch, '13:30', false],
])('%j is open at %s: %s', (window, time, isOpen) => {
  expect(isInside(window, Date.parse(`2026-03-01T${time}:00Z`), 'UTC')).toBe(isOpen)
})

test.each([
  [night, 'UTC', '2026-03-01T21:00:30.000Z', '2026-03-01T22:00:00.000Z'],
  [night, 'UTC', '2026-03-01T23:10:30.000Z', '2026-03-01T23:10:30.000Z'],
  [night, 'UTC', '2026-03-01T06:00:00.000Z', '2026-03-01T22:00:00.000Z'],
  [lunch, 'UTC', '2026-03-01T14:00:00.000Z', '2026-03-02T12:00:00.000Z'],
  [night, 'Asia/Kolkata', '2026-03-01T10:00:00.000Z', '2026-03-01T16:30:00.000Z'],
  // Clocks are put forward at 2:00 and back at 3:00 there.
  [{ from: '04:00', to: '05:00' }, 'Europe/Berlin', '2026-03-28T22:00:00.000Z', '2026-03-29T02:00:00.000Z'],
  [{ from: '02:30', to: '03:10' }, 'Europe/Berlin', '2026-03-28T22:00:00.000Z', '2026-03-29T01:00:00.000Z'],
  [{ from: '04:00', to: '04:20' }, 'Europe/Berlin', '2026-10-24T22:00:00.000Z', '2026-10-25T03:00:00.000Z'],
])('%j in %s opens after %s at %s', (window, zone, at, opens) => {
  expect(new Date(nextInside(window, Date.parse(at), zone)).toISOString()).toBe(opens)
})
