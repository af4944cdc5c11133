import { describe, expect, test } from 'vitest'
import { countTests } from './count-tests.ts'

const report = (fields: object) =>
  JSON.stringify({
    numPassedTests: 5,
    numFailedTests: 0,
    numPendingTests: 2,
    numTodoTests: 1,
    success: true,
    ...fields,
  })

describe('countTests', () => {
  test('a good run', () => {
    expect(countTests(report({}), true)).toEqual({ passed: 5, failed: 0, skipped: 3 })
  })
  test('failed tests are counted', () => {
    expect(countTests(report({ numFailedTests: 2, success: false }), false)).toEqual({
      passed: 5,
      failed: 2,
      skipped: 3,
    })
  })
  test('a file that does not load is a failure, though no test failed', () => {
    expect(countTests(report({ success: false }), false).failed).toBe(1)
    expect(countTests(report({}), false).failed).toBe(1)
  })
  test('no report or a broken one is a failure', () => {
    expect(countTests(null, true).failed).toBe(1)
    expect(countTests('{', true).failed).toBe(1)
  })
})
