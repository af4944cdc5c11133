export interface Counts {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

interface Report {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly numPendingTests: number
  readonly numTodoTests: number
  readonly success: boolean
}

/** The counts of vitest's JSON report; a run that failed without a failed test (a crash, a broken file) counts as one failure. */
export function countTests(report: string | null, isOk: boolean): Counts {
  const parsed = parse(report)
  if (!parsed) return { passed: 0, failed: 1, skipped: 0 }
  const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, success } = parsed
  const hasHiddenFailure = numFailedTests === 0 && !(isOk && success)
  return {
    passed: numPassedTests,
    failed: hasHiddenFailure ? 1 : numFailedTests,
    skipped: numPendingTests + numTodoTests,
  }
}

function parse(report: string | null): Report | null {
  if (report === null) return null
  try {
    return JSON.parse(report) as Report
  } catch {
    return null
  }
}
