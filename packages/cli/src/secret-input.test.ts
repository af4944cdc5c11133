import { Readable } from 'node:stream'
import { expect, test } from 'vitest'
import { secretFrom } from './secret-input.ts'

const given = (...parts: readonly string[]) => Readable.from(parts.map((part) => Buffer.from(part)))
const text = async (secret: Promise<Uint8Array>) => Buffer.from(await secret).toString()

test.each([
  [['pass', 'word\n'], 'password'],
  [['password\r\n'], 'password'],
  [['password'], 'password'],
  [['two\nlines\n\n'], 'two\nlines\n'],
  [[' \n'], ' '],
])('a passphrase is one line without its end: %j', async (parts, secret) => {
  expect(await text(secretFrom(given(...parts), 'passphrase'))).toBe(secret)
})

test('a key file is every byte of it', async () => {
  expect(await text(secretFrom(given('key\n'), 'key'))).toBe('key\n')
})

test.each([
  ['nothing', given(), 'passphrase'],
  ['an empty line', given('\n'), 'passphrase'],
  ['too much', given('x'.repeat(600)), 'passphrase'],
  ['a terminal', Object.assign(given('x'), { isTTY: true }), 'key'],
] as const)('%s is refused', async (_name, stdin, kind) => {
  await expect(secretFrom(stdin, kind)).rejects.toMatchObject({ name: 'UsageError' })
})
