import { expect, test } from 'vitest'
import { createLockOut } from './lock-out.ts'

test('five slips cost nothing, then each wrong try doubles the wait up to a quarter of an hour', () => {
  let now = 0
  const locks = createLockOut(() => now)
  for (let tries = 0; tries < 4; tries++) locks.failed('ada')
  expect(locks.waitMs('ada')).toBe(0)
  locks.failed('ada')
  expect(locks.waitMs('ada')).toBe(10_000)
  now += 10_000
  expect(locks.waitMs('ada')).toBe(0)
  locks.failed('ada')
  expect(locks.waitMs('ada')).toBe(20_000)
  for (let tries = 0; tries < 30; tries++) locks.failed('ada')
  expect(locks.waitMs('ada')).toBe(15 * 60_000)
  expect(locks.waitMs('grace')).toBe(0)
})

test('who signs in, or stays away for an hour, starts anew; many names do not fill the memory', () => {
  let now = 0
  const locks = createLockOut(() => now)
  for (let tries = 0; tries < 9; tries++) locks.failed('ada')
  locks.succeeded('ada')
  expect(locks.waitMs('ada')).toBe(0)
  for (let tries = 0; tries < 9; tries++) locks.failed('ada')
  now += 60 * 60_000
  expect(locks.waitMs('ada')).toBe(0)
  for (let tries = 0; tries < 9; tries++) locks.failed('grace')
  for (let name = 0; name < 10_001; name++) locks.failed(`somebody-${name}`)
  expect(locks.waitMs('grace')).toBe(0)
})
