import { expect, test } from 'vitest'
import { deriveUuid, parseUuid } from './derive-uuid.ts'
import { formatUuid } from './uuid.ts'

const id = '6f0c8e2a-7b1d-4c3e-9a55-0123456789ab'

test('a UUID and back', () => {
  expect(formatUuid(parseUuid(id))).toBe(id)
  for (const wrong of ['', id.slice(1), `${id}0`, id.replace('-', ''), id.replace('f', 'g')])
    expect(() => parseUuid(wrong)).toThrow(RangeError)
})
test('derived UUIDs differ and keep version and variant', () => {
  const derived = Array.from({ length: 100 }, (_, number) => formatUuid(deriveUuid(id, number)))
  expect(new Set(derived).size).toBe(100)
  expect(derived[0]).toBe(id)
  for (const uuid of derived) expect(uuid.slice(0, 20)).toBe(id.slice(0, 20))
})
