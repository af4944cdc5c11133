import { expect, test } from 'vitest'
import { crc32, crc32c } from './crc32.ts'

const digits = new TextEncoder().encode('123456789')

test('the check values of both polynomials', () => {
  expect(crc32(digits)).toBe(0xcbf43926)
  expect(crc32c(digits)).toBe(0xe3069283)
})

test('a raw register carries on where another stopped', () => {
  const first = crc32(digits.subarray(0, 4), { raw: true })
  expect(crc32(digits.subarray(4), { start: first })).toBe(crc32(digits))
})
