import type { ScheduleView } from '@varve/protocol/schedules'
import { expect, test } from 'vitest'
import { aheadWords, nowWords, passedOverWords } from './schedule-line.ts'

const hour = 3_600_000
const idle: ScheduleView = {
  host: 'north',
  library: 'images',
  everySeconds: 86_400,
  window: null,
  zone: 'UTC',
  isOn: true,
  state: 'idle',
  running: [],
  images: 7,
  withoutManifest: 0,
  due: 0,
  lastAt: null,
  nextAt: null,
  changed: 0,
  failed: null,
  problem: null,
}

test.each([
  [-hour, 'now'],
  [5000, 'now'],
  [4 * hour + 5, 'in 4 hours'],
  [49 * hour, 'in 2 days'],
])('%d ms ahead is %s', (ms, words) => {
  expect(aheadWords(1_000_000_000 + ms, 1_000_000_000)).toBe(words)
})

test('what it does is said unless the next time says it', () => {
  expect(nowWords(idle)).toBeNull()
  expect(nowWords({ ...idle, state: 'waits-for-host' })).toBe('waits for north, which is offline')
})

test.each([
  [0, null],
  [3, '3 without manifest'],
  [7, 'no image has a manifest yet'],
  [null, 'looking for manifests'],
])('of 7 images %j without a manifest: %j', (withoutManifest, words) => {
  expect(passedOverWords({ ...idle, withoutManifest })).toBe(words)
})
