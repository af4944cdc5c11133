import { expect, test } from 'vitest'
import { bandsToSegments } from './bands-to-segments.ts'

const band = { kind: 'partition', label: 'x', used: null, free: null } as const

test('bands are placed as shares of the disk, in order', () => {
  const segments = bandsToSegments(
    [
      { ...band, start: 512, length: 488 },
      { ...band, start: 0, length: 500 },
    ],
    1000,
  )
  expect(segments.map(({ left, width }) => [left, width])).toEqual([
    [0, 0.5],
    [0.512, 0.488],
  ])
})

test('a tiny band is widened, one that overhangs is cut, one outside and gaps are left out', () => {
  const segments = bandsToSegments(
    [
      { ...band, start: 1, length: 1 },
      { ...band, start: 900, length: 900 },
      { ...band, start: 1000, length: 5 },
      { ...band, kind: 'gap', start: 500, length: 100 },
    ],
    1000,
  )
  expect(segments.map(({ left, width }) => [left, Math.round(width * 1000) / 1000])).toEqual([
    [0.001, 0.004],
    [0.9, 0.1],
  ])
})

test('the used share is of what the filesystem counts', () => {
  const [known, unknown] = bandsToSegments(
    [
      { ...band, kind: 'filesystem', start: 0, length: 500, used: 100, free: 300 },
      { ...band, kind: 'filesystem', start: 500, length: 500 },
    ],
    1000,
  )
  expect(known?.usedShare).toBe(0.25)
  expect(unknown?.usedShare).toBeNull()
})

test('a disk without a size has no bands', () => {
  expect(bandsToSegments([{ ...band, start: 0, length: 1 }], 0)).toEqual([])
})
