import type { JobProgress } from '@varve/protocol/job-progress'
import type { MigrationView, TransferView } from '@varve/protocol/migrations'
import { expect, test } from 'vitest'
import { limitToWords, migrationToFigures } from './migration-to-numbers.ts'

const GiB = 2 ** 30

const progress: JobProgress = {
  done: 6 * GiB,
  total: 12 * GiB,
  unit: 'bytes',
  seconds: 15,
  skipped: 0,
  rate: 2 * GiB,
  limitedBy: 'target',
  chunkMap: null,
}

const copied: TransferView = {
  done: 6 * GiB,
  total: 12 * GiB,
  zeros: 0,
  seconds: 15,
  fileSize: null,
  chunkMap: null,
}

const running: MigrationView = {
  id: 'm1',
  stall: null,
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
  steps: [{ id: 'pull', state: 'running' } as MigrationView['steps'][number]],
  warnings: [],
  progress,
  copied,
  readBack: null,
  dataBytes: 11 * GiB,
  copyBytes: 12 * GiB,
  transferredBytes: 6 * GiB,
  averageRate: null,
  sourceDigest: null,
  targetDigest: null,
  verified: false,
  error: null,
  aftermath: null,
}

test('while it runs: how far, how fast, how long, what was spared', () => {
  const figures = migrationToFigures(running, Date.parse(running.startedAt))
  expect(figures.map(({ value }) => value)).toEqual(['50 %', '2,147 MB/s', '3 s left', '20.0 GiB'])
  expect(figures[0]?.label).toBe('6.00 GiB of 12.0 GiB copied')
  expect(figures[1]?.label).toBe('now; copied at 429 MB/s')
})

test('before anything was measured no number is made up', () => {
  const figures = migrationToFigures(
    { ...running, progress: null, copied: null, copyBytes: null, dataBytes: null },
    Date.parse(running.startedAt),
  )
  expect(figures.map(({ value }) => value)).toEqual(['0 %', '–', '–', '–'])
  expect(figures[0]?.label).toBe('data to copy is being measured')
})

const over = { ...running, progress: null, steps: [], finishedAt: '2026-01-01T10:01:12.000Z' }

test('afterwards: the result, the rate with its own seconds', () => {
  const figures = migrationToFigures(
    {
      ...over,
      state: 'succeeded',
      copied: { ...copied, done: 12 * GiB, zeros: GiB, seconds: 30, fileSize: 11 * GiB },
    },
    0,
  )
  expect(figures.map(({ value }) => value)).toEqual(['12.0 GiB', '429 MB/s', '1 min 12 s', '20.0 GiB'])
  expect(figures.map(({ label }) => label)).toEqual([
    'copied; the file has 11.0 GiB',
    '12.0 GiB in 30 s',
    expect.stringMatching(/^all steps; ended at /u),
    'zero or absent, not sent; 1.00 GiB sent was zeros',
  ])
})

test.each(['failed', 'canceled'] as const)(
  '%s half way: what was copied is said, and that none is kept',
  (state) => {
    const figures = migrationToFigures({ ...over, state }, 0)
    expect(figures[0]).toEqual({
      value: '6.00 GiB',
      label: 'copied before it ended, of 12.0 GiB; none of it is kept',
    })
    expect(figures[1]).toEqual({ value: '429 MB/s', label: '6.00 GiB of 12.0 GiB in 15 s' })
  },
)

test('canceled before it copied: nothing, and no rate', () => {
  const figures = migrationToFigures({ ...over, state: 'canceled', copied: null }, 0)
  expect(figures[0]).toEqual({ value: 'nothing', label: 'was copied before it ended' })
  expect(figures[1]).toEqual({ value: '–', label: 'no copy was made' })
})

test('what limits it, in words', () => {
  expect(limitToWords(running)).toBe('disk of south is the limit')
  expect(limitToWords({ ...running, progress: { ...progress, limitedBy: 'source' } })).toBe(
    'disk of north is the limit',
  )
  expect(limitToWords({ ...running, progress: null })).toBeNull()
})
