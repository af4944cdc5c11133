import { describe, expect, test } from 'vitest'
import { opensForWriting } from './linux-processes.ts'

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
