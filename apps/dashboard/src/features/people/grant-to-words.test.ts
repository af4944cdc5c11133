import { expect, test } from 'vitest'
import { grantToWords } from './grant-to-words.ts'

test('a grant is said in words', () => {
  const none = { hosts: null, libraries: null, operations: null }
  expect(grantToWords({ role: 'admin', rights: null })).toEqual(['everything, people too'])
  expect(grantToWords({ role: 'viewer', rights: [none] })).toEqual(['looks at everything, changes nothing'])
  expect(grantToWords({ role: 'operator', rights: null })).toEqual(['every operation, everywhere'])
  expect(grantToWords({ role: 'operator', rights: [] })).toEqual(['no operation anywhere'])
  expect(
    grantToWords({
      role: 'operator',
      rights: [
        none,
        { ...none, hosts: ['north', 'web-*'] },
        { hosts: ['south'], libraries: ['images'], operations: ['convert', 'clone', 'check'] },
        { ...none, libraries: ['a', 'b'] },
      ],
    }),
  ).toEqual([
    'every operation everywhere',
    'every operation on north and web-*',
    'convert, clone and check in library images on south',
    'every operation in libraries a and b',
  ])
})
