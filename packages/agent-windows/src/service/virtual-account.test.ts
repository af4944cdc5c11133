import { expect, test } from 'vitest'
import { virtualAccount, virtualAccountSid } from './virtual-account.ts'

test('the SID of a service is that which Windows gives it', () => {
  expect(virtualAccountSid('TrustedInstaller')).toBe(
    'S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464',
  )
  expect(virtualAccountSid('trustedinstaller')).toBe(virtualAccountSid('TRUSTEDINSTALLER'))
  expect(virtualAccount('varve-agent')).toBe(String.raw`NT SERVICE\varve-agent`)
})
