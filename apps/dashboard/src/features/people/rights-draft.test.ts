import { expect, test } from 'vitest'
import { draftToGrant, emptyRight, grantToDraft, isComplete, patternsProblem } from './rights-draft.ts'

const rights = [{ hosts: ['north', 'web-*'], libraries: null, operations: ['convert'] }]

test('a grant is typed as it was kept', () => {
  const draft = grantToDraft({ role: 'operator', rights })
  expect(draft.rights).toEqual([{ hosts: 'north, web-*', libraries: '', operations: 'convert' }])
  expect(draftToGrant(draft)).toEqual({ role: 'operator', rights })
  expect(grantToDraft({ role: 'viewer', rights: null })).toEqual({ role: 'viewer', rights: null })
})

test('patterns are read with any commas and spaces, each once', () => {
  const typed = { ...emptyRight, hosts: ' north ,, web-*,north,' }
  expect(draftToGrant({ role: 'operator', rights: [typed] }).rights).toEqual([
    { hosts: ['north', 'web-*'], libraries: null, operations: null },
  ])
})

test('only operators are bound to places', () => {
  const typed = [{ ...emptyRight, hosts: 'north' }]
  expect(draftToGrant({ role: 'admin', rights: typed })).toEqual({ role: 'admin', rights: null })
  expect(draftToGrant({ role: 'operator', rights: null })).toEqual({ role: 'operator', rights: null })
})

test('what will not do is said', () => {
  expect(patternsProblem('a, b')).toBeNull()
  expect(patternsProblem('x'.repeat(129))).toBe('A name is too long')
  expect(patternsProblem(Array.from({ length: 65 }, (_, at) => `h${at}`).join(','))).toBe('At most 64 names')
  const long = [{ ...emptyRight, libraries: 'x'.repeat(129) }]
  expect(isComplete({ role: 'operator', rights: long })).toBe(false)
  expect(isComplete({ role: 'viewer', rights: long })).toBe(true)
})
