import type { JobProgress } from '@varve/protocol/jobs'
import type { MigrationView } from '@varve/protocol/migrations'
import { describe, expect, test } from 'vitest'
import { limitToWords, migrationToFigures, secondsLeft, shareDone } from './migration-to-numbers.ts'

const GiB = 2 ** 30

const progress: JobProgress = {
  done: 6 * GiB,
  total: 12 * GiB,
  unit: 'bytes',
  skipped: 1 * GiB,
  rate: 2 * GiB,
  limitedBy: 'target',
  chunkMap: null,
}

const running: MigrationView = {
  id: 'm1',
  number: 1,
  state: 'running',
  image: 'i1',
  source: { host: 'north', library: 'images', name: 'web01.vmdk', format: 'vmdk', virtualSize: 32 * GiB },
  target: {
    host: 'south',
    library: 'vm',
    name: 'web01.qcow2',
    format: 'qcow2',
    subformat: null,
    compression: 'none',
    imageId: null,
  },
  startedAt: '2026-01-01T10:00:00.000Z',
  finishedAt: null,
  steps: [],
  warnings: [],
  progress,
  dataBytes: 12 * GiB,
  transferredBytes: null,
  averageRate: 398e6,
  sourceDigest: null,
  targetDigest: null,
  verified: false,
  error: null,
  aftermath: null,
}

describe('time left', () => {
  test('what is left at the present rate', () => {
    expect(secondsLeft(running)).toBe(3)
  })

  test.each([
    ['no progress', null],
    ['no rate', { ...progress, rate: null }],
    ['it stands still', { ...progress, rate: 0 }],
    ['it counts items', { ...progress, unit: 'items' as const }],
  ])('%s: not known', (_why, value) => {
    expect(secondsLeft({ ...running, progress: value })).toBeNull()
  })

  test('without a total of its own, the measured data counts', () => {
    expect(secondsLeft({ ...running, progress: { ...progress, total: null } })).toBe(3)
    expect(secondsLeft({ ...running, dataBytes: null, progress: { ...progress, total: null } })).toBeNull()
  })
})

test('the share never passes the whole, and is whole only at the end', () => {
  expect(shareDone(running)).toBe(0.5)
  expect(shareDone({ ...running, progress: { ...progress, done: 99 * GiB } })).toBe(1)
  expect(shareDone({ ...running, progress: null, dataBytes: null })).toBe(0)
  expect(shareDone({ ...running, progress: null, dataBytes: 0 })).toBe(0)
  expect(shareDone({ ...running, progress: null, state: 'succeeded' })).toBe(1)
})

test('while it runs: how far, how fast, how long, what was spared', () => {
  const figures = migrationToFigures(running, Date.parse(running.startedAt))
  expect(figures.map(({ value }) => value)).toEqual(['50 %', '2,147 MB/s', '3 s left', '20.0 GiB'])
  expect(figures[0]?.label).toBe('6.00 GiB of 12.0 GiB data')
  expect(figures[1]?.label).toBe('now, 398 MB/s average')
})

test('before anything was measured no number is made up', () => {
  const figures = migrationToFigures(
    { ...running, progress: null, dataBytes: null, averageRate: null },
    Date.parse(running.startedAt),
  )
  expect(figures.map(({ value }) => value)).toEqual(['0 %', '–', '–', '–'])
})

test('afterwards: the result', () => {
  const figures = migrationToFigures(
    {
      ...running,
      state: 'succeeded',
      progress: null,
      finishedAt: '2026-01-01T10:01:12.000Z',
      transferredBytes: 12 * GiB,
    },
    0,
  )
  expect(figures.map(({ value }) => value)).toEqual(['100 %', '398 MB/s', '1 min 12 s', '20.0 GiB'])
  expect(figures[1]?.label).toBe('average over 12.0 GiB sent')
})

test('what limits it, in words', () => {
  expect(limitToWords(running)).toBe('disk of south is the limit')
  expect(limitToWords({ ...running, progress: { ...progress, limitedBy: 'source' } })).toBe(
    'disk of north is the limit',
  )
  expect(limitToWords({ ...running, progress: null })).toBeNull()
})
