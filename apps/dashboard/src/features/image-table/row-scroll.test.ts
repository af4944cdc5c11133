import { expect, test } from 'vitest'
import { drawnHeight, scrolledAt, scrolledTo, unscrolled, type RowScroll } from './row-scroll.ts'

const height = 700
/** A list of so many rows of 40 pixels, seen through 700. */
function listOf(rows: number) {
  const listHeight = rows * 40
  const most = drawnHeight(listHeight) - height
  return { most, surplus: listHeight - drawnHeight(listHeight), lastTop: listHeight - height }
}
const million = listOf(1_000_000)

/** Scrolls as a browser does: it stops at the ends, and goes where it is sent. */
function scrollBy(from: RowScroll, by: number, { most, surplus } = million): RowScroll {
  const top = Math.max(0, Math.min(most, from.drawn + by))
  return scrolledTo(from, { top, height, most }, surplus)
}

test('up to 100,000 rows are drawn as they are', () => {
  const { most, surplus } = listOf(100_000)
  expect(surplus).toBe(0)
  expect(scrolledTo(unscrolled, { top: 123_456, height, most }, surplus)).toEqual({
    drawn: 123_456,
    listed: 123_456,
  })
})

test('no element is higher than browsers allow, however long the list', () => {
  expect(drawnHeight(1e6 * 84)).toBe(4_000_000)
  expect(drawnHeight(1e9 * 84)).toBe(4_000_000)
})

test.each([1_000_000, 250_000, 100_001, 5_000_000])('the ends of %d rows are the ends of the bar', (rows) => {
  const { most, surplus, lastTop } = listOf(rows)
  const end = scrolledTo(unscrolled, { top: most, height, most }, surplus)
  expect(end).toEqual({ drawn: most, listed: lastTop })
  expect(scrolledTo(end, { top: 0, height, most }, surplus)).toEqual({ drawn: 0, listed: 0 })
})

test('dragging the bar goes through the whole list, always forward', () => {
  let last = -1
  for (let top = 0; top <= million.most; top += 5000) {
    const { listed } = scrolledTo(
      unscrolled,
      { top: Math.min(top, million.most), height, most: million.most },
      million.surplus,
    )
    expect(listed).toBeGreaterThan(last)
    last = listed
  }
  expect(last).toBeGreaterThan(million.lastTop - 60_000)
})

test('a step of the wheel moves the rows by as much, wherever the list stands', () => {
  for (const listed of [
    0,
    500,
    99_900,
    100_100,
    20_000_000,
    million.lastTop - 100_100,
    million.lastTop - 900,
  ]) {
    const from = scrolledAt(listed, million.most, million.surplus)
    expect(scrollBy(from, 120).listed).toBeCloseTo(listed + 120, 3)
    if (listed > 0) expect(scrollBy(from, -120).listed).toBeCloseTo(listed - 120, 3)
  }
})

test.each([1, -1])('small steps reach the end they go to, and pass no row (direction %d)', (turn) => {
  let at = scrolledAt(turn > 0 ? million.lastTop - 900_000 : 900_000, million.most, million.surplus)
  for (let step = 0; step < 20_000; step += 1) {
    const next = scrollBy(at, turn * 100)
    expect(Math.abs(next.listed - at.listed)).toBeLessThanOrEqual(100.001)
    at = next
  }
  expect(at).toEqual(turn > 0 ? { drawn: million.most, listed: million.lastTop } : { drawn: 0, listed: 0 })
})

test('every place has one on the bar, and the bar leads back to it', () => {
  for (const listed of [0, 1, 99_999, 100_001, 7_654_321, 39_000_000, million.lastTop]) {
    const { drawn } = scrolledAt(listed, million.most, million.surplus)
    const back = scrolledTo(
      { drawn: -1e9, listed: 0 },
      { top: drawn, height, most: million.most },
      million.surplus,
    )
    expect(back.listed).toBeCloseTo(listed, 2)
  }
})

test('a place behind the end is the end', () => {
  expect(scrolledAt(1e9, million.most, million.surplus).listed).toBe(million.lastTop)
  expect(scrolledAt(1e9, 5000, 0)).toEqual({ drawn: 5000, listed: 5000 })
})
