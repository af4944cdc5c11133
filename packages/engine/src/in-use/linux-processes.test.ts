import { describe, expect, test } from 'vitest'
import { useOfDescriptor } from './linux-processes.ts'

describe('useOfDescriptor', () => {
  test.each([
    ['pos:\t0\nflags:\t0100000\nmnt_id:\t29\n', 'reads'],
    ['pos:\t0\nflags:\t0100001\nmnt_id:\t29\n', 'writes'],
    ['pos:\t0\nflags:\t02500002\n', 'writes'],
    ['flags:\t02100000\n', 'reads'],
    ['', 'reads'],
    ['flags:\tzzz', 'reads'],
  ])('%j → %s', (fdinfo, expected) => {
    expect(useOfDescriptor(fdinfo)).toBe(expected)
  })
})
