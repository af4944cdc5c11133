import { expect, test } from 'vitest'
import { mayNot } from './may-not.ts'

const rights = [{ hosts: ['north-*'], libraries: null, operations: ['convert', 'clone'] }]

test('what a role and rights do not reach is said with its reason', () => {
  const on = [{ host: 'north-1', library: 'images' }]
  expect(mayNot({ role: 'viewer', rights: null }, { operation: 'convert' }, on)).toMatch(
    /^A viewer only looks/u,
  )
  expect(mayNot({ role: 'operator', rights: null }, { operation: 'convert' }, on)).toBeNull()
  expect(mayNot({ role: 'operator', rights: null }, 'change-fleet', [])).toBe('Only an admin may do this')
  expect(mayNot({ role: 'admin', rights }, 'change-fleet', [])).toBeNull()
  expect(mayNot({ role: 'operator', rights }, { operation: 'clone' }, on)).toBeNull()
  expect(mayNot({ role: 'operator', rights }, { operation: 'resize' }, on)).toBe(
    'Your rights do not reach this on north-1/images',
  )
  expect(mayNot({ role: 'operator', rights }, { operation: 'clone' }, [{ host: 'south' }])).toBe(
    'Your rights do not reach this on south',
  )
})
