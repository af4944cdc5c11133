import { describe, expect, test } from 'vitest'
import { parseOsRelease } from './os-release.ts'

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
