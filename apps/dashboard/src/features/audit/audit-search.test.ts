import { expect, test } from 'vitest'
import { toAuditSearch } from './audit-search.ts'

test.each([
  [{}, {}],
  [
    { who: 'local', what: 'runs.', on: 'host:north', result: 'refused' },
    { who: 'local', what: 'runs.', on: 'host:north', result: 'refused' },
  ],
  [{ who: ' ', what: 7, on: null, result: 'well' }, { what: '7' }],
  [{ on: 'x'.repeat(500) }, { on: 'x'.repeat(300) }],
])('%j is %j', (search, wanted) => {
  expect(toAuditSearch(search)).toEqual(wanted)
})
