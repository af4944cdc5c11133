import { describe, expect, test } from 'vitest'
import { boundSubjects, subjectsOf } from './subjects-of.ts'
import { summarizeInput } from './summarize-input.ts'

describe('the summary of what was asked', () => {
  test.each([
    ['passphrase', 'a'],
    ['newPassword', 'a'],
    ['token', { text: 'a' }],
    ['clientSecret', ['a']],
    ['apiKey', 7],
    ['api_key', 'a'],
    ['Authorization', 'a'],
    ['session-cookie', 'a'],
    ['privatePart', 'a'],
    ['otp', 123_456],
  ])('holds nothing of the field %s', (name, value) => {
    expect(summarizeInput({ a: { b: [{ [name]: value }] } })).toBe(`{"a":{"b":[{"${name}":"[not kept]"}]}}`)
  })

  test('says of a field that nothing is in it', () => {
    expect(summarizeInput({ passphrase: null, hasToken: true })).toBe('{"passphrase":null,"hasToken":true}')
  })

  test('holds no part of an address that signs in', () => {
    expect(summarizeInput({ from: 'nbd://user:word@host/x and https://u@h' })).toBe(
      '{"from":"nbd://…@host/x and https://…@h"}',
    )
  })

  test('is short, of whatever is long, wide or deep', () => {
    const deep = JSON.parse(`${'{"a":'.repeat(200)}1${'}'.repeat(200)}`) as unknown
    const wide = Object.fromEntries(Array.from({ length: 500 }, (_, at) => [`field${at}`, 'x'.repeat(500)]))
    for (const input of [
      deep,
      wide,
      { wide, deep },
      'x'.repeat(10_000),
      [wide, wide],
      { '\uD800': '\uDFFF' },
    ]) {
      const summary = summarizeInput(input) ?? ''
      expect(summary.length).toBeLessThanOrEqual(2000)
      expect(() => JSON.parse(summary) as unknown).not.toThrow()
    }
    expect(summarizeInput(undefined)).toBeNull()
  })
})

describe('what a call is about', () => {
  test.each([
    ['fleet.forget', { name: 'north' }, ['host:north']],
    ['trust.revoke', { name: 'north' }, ['host:north']],
    ['runs.cancel', { id: 'r1' }, ['run:r1']],
    ['migrations.forget', { id: 'm1' }, ['run:m1']],
    ['images.digest', { id: 'i1' }, ['image:i1']],
    ['schedules.set', { host: 'north', library: 'vms' }, ['host:north', 'library:north/vms']],
    [
      'migrations.start',
      { image: 'i1', targetHost: 'south', targetLibrary: 'vms' },
      ['image:i1', 'host:south', 'library:south/vms'],
    ],
    ['uploads.begin', { host: 'n', library: 'l', name: 'a.img' }, ['host:n', 'library:n/l', 'file:a.img']],
    ['runs.start', 'no request', []],
    ['runs.start', { host: 7, id: null }, []],
  ])('%s of %j', (what, input, subjects) => {
    expect(subjectsOf(what, input)).toEqual(subjects)
  })

  test('is bounded, and each in one line', () => {
    const many = boundSubjects(Array.from({ length: 500 }, (_, at) => `file:${at}\n${'x'.repeat(1000)}`))
    expect(many).toHaveLength(32)
    for (const one of many) expect(one).toMatch(/^.{1,300}$/u)
  })
})
