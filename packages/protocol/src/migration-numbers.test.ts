import { describe, expect, test } from 'vitest'
import type { ChunkMap } from './job-progress.ts'
import { migrationNumbers } from './migration-numbers.ts'
import { movedWords, passWords } from './migration-words.ts'
import { MigrationView, type MigrationStepView, type TransferView } from './migrations.ts'

const MiB = 2 ** 20

const step = (id: string, state: MigrationStepView['state']): MigrationStepView => ({
  id,
  layer: 'L2',
  title: id,
  does: '',
  command: '',
  host: 'south',
  needs: [],
  estimate: { bytes: null, seconds: null },
  undo: null,
  pointOfNoReturn: false,
  state,
  startedAt: null,
  finishedAt: null,
  outcome: null,
  attempt: 1,
})

const base = MigrationView.parse({
  id: 'm1',
  number: 1,
  state: 'running',
  image: 'i1',
  source: { host: 'north', library: 'images', name: 'web01.vmdk', format: 'vmdk', virtualSize: 2048 * MiB },
  target: {
    host: 'south',
    library: 'vm',
    name: 'web01.qcow2',
    format: 'qcow2',
    compression: 'none',
    imageId: null,
  },
  startedAt: '2026-01-01T10:00:00.000Z',
  finishedAt: null,
  steps: [],
  warnings: [],
  progress: null,
  dataBytes: 403 * MiB,
  copyBytes: 452 * MiB,
  transferredBytes: null,
  averageRate: null,
  sourceDigest: null,
  targetDigest: null,
  verified: false,
  error: null,
  aftermath: null,
})

const map = (cells: string, counts: Partial<NonNullable<ChunkMap['counts']>>): ChunkMap => ({
  chunks: 512,
  chunksPerCell: 64,
  cells,
  counts: { waiting: 0, inFlight: 0, written: 0, proven: 0, skipped: 399, ...counts },
})

const transfer = (change: Partial<TransferView>): TransferView => ({
  done: 0,
  total: 452 * MiB,
  zeros: 0,
  seconds: 1,
  fileSize: null,
  chunkMap: null,
  ...change,
})

const progress = (done: number, total: number, rate: number | null) => ({
  done,
  total,
  unit: 'bytes' as const,
  seconds: 1,
  skipped: 0,
  rate,
  limitedBy: 'target' as const,
  chunkMap: null,
})

const fifth = transfer({
  done: 92 * MiB,
  zeros: 8 * MiB,
  seconds: 1.5,
  chunkMap: map('wwf..zzz', { written: 21 }),
})
const whole = transfer({
  done: 452 * MiB,
  zeros: 12 * MiB,
  seconds: 6.6,
  fileSize: 405 * MiB,
  chunkMap: map('wwwwwzzz', { written: 110 }),
})
const ended = { finishedAt: '2026-01-01T10:00:09.300Z' }

const states = {
  'nothing is known yet': { ...base, dataBytes: null, copyBytes: null },
  measured: { ...base, steps: [step('measure', 'running')] },
  'copying, agent waits for its turn': {
    ...base,
    steps: [step('pull', 'running')],
    progress: { ...progress(0, 0, null), total: null },
    copied: transfer({ done: 0, total: null, seconds: null }),
  },
  copying: {
    ...base,
    steps: [step('pull', 'running')],
    progress: progress(92 * MiB, 452 * MiB, 60 * MiB),
    copied: fifth,
  },
  'reading back': {
    ...base,
    steps: [step('pull', 'done'), step('verify', 'running')],
    progress: progress(220 * MiB, 440 * MiB, 110 * MiB),
    copied: whole,
    readBack: transfer({ done: 220 * MiB, total: 440 * MiB, chunkMap: map('ppwwwzzz', { proven: 55 }) }),
  },
  publishing: {
    ...base,
    steps: [step('publish', 'running')],
    copied: whole,
    readBack: transfer({ done: 440 * MiB, total: 440 * MiB }),
  },
  succeeded: {
    ...base,
    ...ended,
    state: 'succeeded',
    verified: true,
    copied: whole,
    readBack: transfer({ done: 440 * MiB, total: 440 * MiB, chunkMap: map('ppppwzzz', { proven: 100 }) }),
  },
  'failed while it copied': { ...base, ...ended, state: 'failed', copied: fifth },
  'canceled while it copied': { ...base, ...ended, state: 'canceled', copied: fifth },
  'canceled before it copied': { ...base, ...ended, state: 'canceled' },
  'failed while it was read back': {
    ...base,
    ...ended,
    state: 'failed',
    copied: whole,
    readBack: transfer({ done: 100 * MiB, total: 440 * MiB }),
  },
  'a disk without data succeeded': {
    ...base,
    ...ended,
    state: 'succeeded',
    dataBytes: 0,
    copyBytes: 0,
    copied: transfer({ total: 0 }),
  },
} as const satisfies Record<string, MigrationView>

describe.each(Object.entries(states))('%s', (_name, migration: MigrationView) => {
  const numbers = migrationNumbers(migration)

  test('the numbers agree with each other', () => {
    const { sent, written, zeros, toCopy, notSent, share, percent, done, total } = numbers
    expect(written + zeros).toBe(sent)
    if (toCopy !== null) {
      expect(sent).toBeLessThanOrEqual(toCopy)
      expect(toCopy + (notSent ?? 0)).toBe(2048 * MiB)
    }
    expect(percent).toBe(Math.floor(share * 100))
    if (percent === 100 && migration.state !== 'succeeded') expect(done).toBe(total)
    if (numbers.averageRate !== null)
      expect(numbers.averageRate * (numbers.copySeconds ?? 0)).toBeCloseTo(sent, 0)
  })

  test('the map agrees with them', () => {
    const counts = numbers.map?.counts
    if (!counts) return
    if (migration.state === 'succeeded') expect(counts.waiting + counts.inFlight + counts.written).toBe(0)
    if (numbers.phase === 'copying') expect(counts.written * 4 * MiB).toBe(numbers.written)
    if (numbers.phase === 'reading-back') expect(counts.proven * 4 * MiB).toBe(numbers.readBack)
  })
})

test.each([
  ['nothing is known yet', 'preparing', 0, null, 'nothing is copied yet'],
  ['measured', 'preparing', 0, null, 'nothing is copied yet'],
  ['copying, agent waits for its turn', 'copying', 0, null, 'nothing is copied yet'],
  ['copying', 'copying', 20, 6, '92.0 MiB of 452 MiB copied in 1.5 s at 64.3 MB/s, 8.00 MiB of it zeros'],
  [
    'reading back',
    'reading-back',
    50,
    2,
    '452 MiB copied in 6.6 s at 71.8 MB/s, 12.0 MiB of it zeros · 220 MiB of 440 MiB read back',
  ],
  ['publishing', 'publishing', 100, null, '452 MiB copied in 6.6 s at 71.8 MB/s, 12.0 MiB of it zeros'],
  [
    'succeeded',
    'succeeded',
    100,
    null,
    '452 MiB copied in 6.6 s at 71.8 MB/s, 12.0 MiB of it zeros · 9.3 s in all',
  ],
  [
    'failed while it copied',
    'failed',
    20,
    null,
    '92.0 MiB of 452 MiB copied in 1.5 s at 64.3 MB/s, 8.00 MiB of it zeros · 9.3 s in all',
  ],
  [
    'canceled while it copied',
    'canceled',
    20,
    null,
    '92.0 MiB of 452 MiB copied in 1.5 s at 64.3 MB/s, 8.00 MiB of it zeros · 9.3 s in all',
  ],
  ['canceled before it copied', 'canceled', 0, null, 'nothing was copied · 9.3 s in all'],
  [
    'failed while it was read back',
    'failed',
    22,
    null,
    '452 MiB copied in 6.6 s at 71.8 MB/s, 12.0 MiB of it zeros · 9.3 s in all',
  ],
  [
    'a disk without data succeeded',
    'succeeded',
    100,
    null,
    'no chunk held data: nothing had to be copied · 9.3 s in all',
  ],
] as const)('%s: %s, %d %%, %s s left', (...row) => {
  const [state, phase, percent, secondsLeft, words] = row
  const numbers = migrationNumbers(states[state])
  expect(numbers).toMatchObject({ phase, percent, secondsLeft })
  expect(movedWords(states[state])).toBe(words)
})

test('what the step that runs does is said with its own verb', () => {
  expect(passWords(migrationNumbers(states.copying))).toBe('92.0 MiB of 452 MiB copied')
  expect(passWords(migrationNumbers(states['reading back']))).toBe('220 MiB of 440 MiB read back')
})

test('a rate is that of what moves now only', () => {
  const stale = { ...states.publishing, progress: progress(1, 2, 5e6) }
  expect(migrationNumbers(stale)).toMatchObject({ rate: null, limitedBy: null, secondsLeft: null })
  const still = { ...states.copying, progress: progress(92 * MiB, 452 * MiB, 0) }
  expect(migrationNumbers(still).secondsLeft).toBeNull()
})

test('an agent that counts more zeros than it sent does not make the rest negative', () => {
  const odd = { ...states.copying, copied: transfer({ done: 4 * MiB, zeros: 8 * MiB }) }
  expect(migrationNumbers(odd)).toMatchObject({ sent: 4 * MiB, zeros: 4 * MiB, written: 0 })
})
