import type { ScheduleView } from '@varve/protocol/schedules'
import { expect, test } from 'vitest'
import { problemsOf, toForm, toWish } from './schedule-form.ts'

const place = { host: 'north', library: 'images' }
const fields = toForm(null)

test('a new schedule is every 30 days at any time', () => {
  expect(toWish(fields, place)).toEqual({ ...place, everySeconds: 2_592_000, window: null, isOn: true })
})

test('what was set is shown again as it was written', () => {
  const form = { count: '36', unit: 'hours', from: '22:00', to: '06:00', isOn: false } as const
  const wish = toWish(form, place)
  expect(wish).toEqual({
    ...place,
    everySeconds: 129_600,
    window: { from: '22:00', to: '06:00' },
    isOn: false,
  })
  expect(toForm(wish as unknown as ScheduleView)).toEqual(form)
})

test.each([
  [{ count: '0' }, 'count'],
  [{ count: '366' }, 'count'],
  [{ count: 'x' }, 'count'],
  [{ count: '-1' }, 'count'],
  [{ count: '0.5', unit: 'hours' }, 'count'],
  [{ from: '22:00' }, 'window'],
  [{ to: '22:00' }, 'window'],
  [{ from: '22:00', to: '22:00' }, 'window'],
] as const)('%j is refused for its %s', (change, field) => {
  const form = { ...fields, ...change }
  expect(toWish(form, place)).toBeNull()
  const { count, window } = problemsOf(form)
  expect({ count: count !== null, window: window !== null }).toEqual({
    count: field === 'count',
    window: field === 'window',
  })
})
