import { expect, test } from 'vitest'
import { wantedRange } from './byte-range.ts'

test.each([
  [undefined, null],
  ['bytes=0-', { start: 0, end: 100 }],
  ['bytes=0-0', { start: 0, end: 1 }],
  ['bytes=10-19', { start: 10, end: 20 }],
  ['bytes=90-1000', { start: 90, end: 100 }],
  ['bytes=-10', { start: 90, end: 100 }],
  ['bytes=-1000', { start: 0, end: 100 }],
  ['bytes=100-', 'unsatisfiable'],
  ['bytes=-0', 'unsatisfiable'],
  ['bytes=20-10', null],
  ['bytes=-', null],
  ['bytes=0-1,5-6', null],
  ['lines=0-1', null],
  ['bytes=0x1-2', null],
  ['bytes=99999999999999999-', null],
])('%s of 100 bytes is %j', (header, wanted) => {
  expect(wantedRange(header, 100)).toEqual(wanted)
})

test('of an empty file there is no range', () => {
  expect(wantedRange('bytes=0-', 0)).toBe('unsatisfiable')
})
