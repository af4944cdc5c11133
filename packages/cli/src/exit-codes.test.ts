import { expect, test } from 'vitest'
import { exitCodeOf, exitCodes } from './exit-codes.ts'

test('errors of L1, of L2 and of the fleet have exit codes of their own', () => {
  expect(exitCodeOf('not-found')).toBe(exitCodes.fileRefused)
  expect(exitCodeOf('parent-missing')).toBe(exitCodes.imageRefused)
  expect(exitCodeOf('target-exists')).toBe(exitCodes.targetExists)
  expect(exitCodeOf('no-space')).toBe(exitCodes.noSpace)
  expect(exitCodeOf('agent-gone')).toBe(exitCodes.unreachable)
  expect(exitCodeOf('internal')).toBe(exitCodes.internal)
  expect(exitCodeOf('canceled')).toBe(130)
})
