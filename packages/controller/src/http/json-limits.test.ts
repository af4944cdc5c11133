import { describe, expect, test } from 'vitest'
import { refuseJson } from './json-limits.ts'

const limits = { depth: 4, values: 20, batch: 3 }

describe('a message', () => {
  test.each([
    ['{}'],
    ['[1,2,3]'],
    ['"[[[[[[[[[["'],
    [String.raw`{"a":"\"[[[[[[[[[","b":"\\"}`],
    ['[[[[1]]]]'],
    [`{"a":[${'1,'.repeat(15)}1]}`],
    ['not JSON'],
    [''],
  ])('that keeps within the limits is parsed: %s', (text) => {
    expect(refuseJson(text, limits)).toBeNull()
  })

  test.each([
    ['[1,2,3,4]', 'batch'],
    [' \n[1,2,3,4]', 'batch'],
    ['[[[[[1]]]]]', 'nested'],
    ['{"a":{"b":[{"c":[1]}]}}', 'nested'],
    [`{"a":[${'1,'.repeat(30)}1]}`, 'values'],
    ['{"a":1}'.repeat(30), 'values'],
    [String.raw`["\\",1,2,3]`, 'batch'],
  ])('that exceeds one is refused: %s', (text, reason) => {
    expect(refuseJson(text, limits)).toContain(reason)
  })

  test('a string that does not end does not run on for ever', () => {
    expect(refuseJson(`["${'\\"'.repeat(1000)}`, limits)).toBeNull()
  })
})
