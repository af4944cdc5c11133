import type { Identity } from '@varve/protocol/identity'
import { expect, test } from 'vitest'
import { ownerOf, ownKey } from './owner-of.ts'

const person = (id: string, by: 'session' | 'key'): Identity => ({
  kind: 'person',
  id,
  name: 'ada',
  grants: [{ role: 'operator', rights: null }],
  by: { kind: by, id: 'x' },
})

test('what somebody began is theirs by whatever they show, and nobody else’s', () => {
  expect(ownerOf(person('1', 'session'))).toBe(ownerOf(person('1', 'key')))
  const owners = [person('1', 'key'), person('2', 'key'), { kind: 'local' } as const]
  expect(new Set(owners.map((identity) => ownKey(identity, 'key'))).size).toBe(3)
  // No key makes one person another.
  expect(ownKey({ kind: 'local' }, 'person/1/key')).not.toBe(ownKey(person('1', 'key'), 'key'))
})
