import { describe, expect, test } from 'vitest'
import { parseOsRelease } from './os-release.ts'
import { opensForWriting } from './writers.ts'

describe('opensForWriting', () => {
  test.each([
    ['pos:\t0\nflags:\t0100000\nmnt_id:\t29\n', false],
    ['pos:\t0\nflags:\t0100001\nmnt_id:\t29\n', true],
    ['pos:\t0\nflags:\t02500002\n', true],
    ['flags:\t02100000\n', false],
    ['', false],
    ['flags:\tzzz', false],
  ])('%j → %s', (fdinfo, expected) => {
    expect(opensForWriting(fdinfo)).toBe(expected)
  })
})

describe('parseOsRelease', () => {
  test('quotes and escapes are undone, comments and nonsense passed over', () => {
    const text = [
      'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"',
      '# a comment',
      "NAME='It is'",
      'VERSION_ID=12',
      'ODD="a \\"b\\" \\$c"',
      'lower=case',
      'no assignment',
    ].join('\n')
    expect(Object.fromEntries(parseOsRelease(text))).toEqual({
      PRETTY_NAME: 'Debian GNU/Linux 12 (bookworm)',
      NAME: 'It is',
      VERSION_ID: '12',
      ODD: 'a "b" $c',
    })
  })
})
