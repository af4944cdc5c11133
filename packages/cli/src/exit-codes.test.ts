import { expect, test } from 'vitest'
import { exitCodeOf, exitCodes, worstOf } from './exit-codes.ts'

test('errors of L1, of L2 and of the fleet have exit codes of their own', () => {
  expect(exitCodeOf('not-found')).toBe(exitCodes.fileRefused)
  expect(exitCodeOf('parent-missing')).toBe(exitCodes.imageRefused)
  expect(exitCodeOf('target-exists')).toBe(exitCodes.targetExists)
  expect(exitCodeOf('no-space')).toBe(exitCodes.noSpace)
  expect(exitCodeOf('agent-gone')).toBe(exitCodes.unreachable)
  expect(exitCodeOf('internal')).toBe(exitCodes.internal)
  expect(exitCodeOf('canceled')).toBe(130)
})

test('over several files the exit code is the worst, and every code has its weight', () => {
  expect(worstOf([])).toBe(exitCodes.ok)
  expect(worstOf([exitCodes.leaks, exitCodes.ok])).toBe(exitCodes.leaks)
  expect(worstOf([exitCodes.imageRefused, exitCodes.leaks, exitCodes.fileRefused])).toBe(
    exitCodes.imageRefused,
  )
  expect(worstOf([exitCodes.interrupted, exitCodes.imageRefused])).toBe(exitCodes.interrupted)
  for (const code of Object.values(exitCodes)) expect(worstOf([code])).toBe(code)
})
