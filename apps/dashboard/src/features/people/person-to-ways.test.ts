import { expect, test } from 'vitest'
import { personToWays } from './person-to-ways.ts'

const nothing = { hasPassword: false, hasOneTimeCodes: false, passkeys: 0, isFromSingleSignOn: false }

test.each([
  [nothing, 'nothing but a link to sign in with'],
  [{ ...nothing, hasPassword: true }, 'password'],
  [{ ...nothing, hasPassword: true, hasOneTimeCodes: true, passkeys: 2 }, 'password with codes, 2 passkeys'],
  [{ ...nothing, isFromSingleSignOn: true, passkeys: 1 }, '1 passkey, single sign-on'],
])('%o', (person, words) => {
  expect(personToWays(person)).toBe(words)
})
