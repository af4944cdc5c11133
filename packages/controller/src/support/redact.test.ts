import { expect, test } from 'vitest'
import { redactor } from './redact.ts'

const redact = redactor(['quoted "secret"', 'known-secret-1', 'known-secret-1-and-more', 'short'])

test.each([
  ['a known-secret-1, twice: known-secret-1', 'a [redacted], twice: [redacted]'],
  ['known-secret-1-and-more', '[redacted]'],
  [JSON.stringify({ text: 'a quoted "secret"' }), '{"text":"a [redacted]"}'],
  ['short words stay', 'short words stay'],
  ['use varve-join.aB3_x-1.zz9 now', 'use [redacted] now'],
  ['no export varve-once.0a1b2c3d', 'no export [redacted]'],
  ['key AGE-SECRET-KEY-1QQQ', 'key [redacted]'],
  ['Bearer varve_abcdefghijKLMNOPqrst, and', 'Bearer [redacted], and'],
  ['varve-local.abcdefghij', '[redacted]'],
  ['/opt/varve_images/a', '/opt/varve_images/a'],
  ['sealed s1.aaaaaaaaaaaaaaaaaaaaaaaa', 'sealed [redacted]'],
  ['nbd://user:word@host/x', 'nbd://[redacted]@host/x'],
  ['{"passphrase": "a \\" b", "name": "web"}', '{"passphrase": "[redacted]", "name": "web"}'],
  ['{"uploadToken":"abc","size":1}', '{"uploadToken":"[redacted]","size":1}'],
  ['VARVE_PASSPHRASE=four words', 'VARVE_PASSPHRASE=[redacted] words'],
  ['export Ab1_cd2-Ef3gh4Ij5kl6Mn7op8Qr9st0Uv1wx2Yz3A is', 'export [redacted] is'],
  [`digest ${'0a'.repeat(32)} stays`, `digest ${'0a'.repeat(32)} stays`],
  ['3f2c8d8e-1111-4222-8333-444455556666', '3f2c8d8e-1111-4222-8333-444455556666'],
  ['Windows-Server-2022-Datacenter.vhdx', 'Windows-Server-2022-Datacenter.vhdx'],
  ['-----BEGIN EC PRIVATE KEY-----\nabc\n-----END EC PRIVATE KEY-----\nafter', '[redacted]\nafter'],
  ['-----BEGIN PRIVATE KEY-----\nabc', '[redacted]'],
  ['-----BEGIN CERTIFICATE-----', '-----BEGIN CERTIFICATE-----'],
])('%j is told as %j', (text, told) => {
  expect(redact(text)).toBe(told)
})

test('text that was made to be slow is not', () => {
  const began = performance.now()
  for (const text of [
    'a-'.repeat(2 ** 20),
    `${'a'.repeat(2 ** 21)}=`,
    'token='.repeat(2 ** 18),
    '"secret":"'.repeat(2 ** 17),
    '-----BEGIN PRIVATE KEY-----'.repeat(2 ** 16),
  ])
    redact(text)
  expect(performance.now() - began).toBeLessThan(5000)
})
