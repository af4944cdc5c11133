import { expect, test } from 'vitest'
import { DarwinStandIn } from '../file-ranges/testing/darwin-stand-in.ts'
import { bootId } from './boot-id.ts'

test('a Mac names the run since its start; what it does not say is not made up', () => {
  const macos = new DarwinStandIn('apfs')
  expect(bootId('darwin', macos)).toBe('d03a97d5-1d7b-4c53-9d0f-4d0e2a1b3c4d')
  macos.told.set('kern.bootsessionuuid', 'x'.repeat(200))
  expect(bootId('darwin', macos)).toBeNull()
  macos.told.set('kern.bootsessionuuid', 'not known')
  expect(bootId('darwin', macos)).toBeNull()
  macos.told.clear()
  expect(bootId('darwin', macos)).toBeNull()
})
