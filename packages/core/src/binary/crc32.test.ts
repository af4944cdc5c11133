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

test('eight bytes at a time give what one at a time gives, at any place and length', () => {
  const bytes = Uint8Array.from({ length: 100 }, (_, index) => (index * 151 + 7) & 0xff)
  for (let from = 0; from < 9; from += 1) {
    for (let length = 0; length < 40; length += 1) {
      const part = bytes.subarray(from, from + length)
      let register = 0xffff_ffff
      for (const byte of part) register = crc32c(Uint8Array.of(byte), { start: register, raw: true })
      expect(crc32c(part)).toBe(~register >>> 0)
    }
  }
})
