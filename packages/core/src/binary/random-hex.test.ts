import { expect, it } from 'vitest'
import { randomHex } from './random-hex.ts'

it('random hexadecimal has two digits a byte, and hardly ever comes twice', () => {
  const made = Array.from({ length: 10_000 }, () => randomHex(6))
  expect(new Set(made).size).toBe(made.length)
  for (const text of made) expect(text).toMatch(/^[0-9a-f]{12}$/u)
  expect(randomHex(0)).toBe('')
})
