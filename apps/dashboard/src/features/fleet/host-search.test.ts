import { HostQuery } from '@varve/protocol/hosts'
import { expect, test } from 'vitest'
import { toHostSearch } from './host-search.ts'

test.each([
  [{ q: '', state: 'asleep', from: -3 }, {}],
  [
    { q: 'north', state: 'offline', from: 50 },
    { q: 'north', state: 'offline', from: 50 },
  ],
  [{ q: 12, from: 1.5 }, { q: '12' }],
  [{ q: ['x'], from: 1e12 }, {}],
])('%j is %j', (search, expected) => {
  expect(toHostSearch(search)).toEqual(expected)
})

test('every search makes a query that the controller takes', () => {
  const { q, state, from } = toHostSearch({ q: 'x'.repeat(999), state: 'connected', from: 10_000_000 })
  expect(HostQuery.parse({ search: q, state, offset: from })).toMatchObject({ state: 'connected' })
})
