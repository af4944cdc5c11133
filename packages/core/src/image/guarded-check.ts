import { isDiskError } from '../problems/disk-error.ts'
import { problemFromError } from '../problems/problem.ts'
import { FindingList, type CheckReport } from './check-report.ts'
import type { FormatName } from './format-rules.ts'

/** What a walk says when it came to its end. */
export interface CheckOutcome {
  readonly checked: readonly string[]
  readonly allocatedBytes: number | null
  readonly leakedBytes: number
  /** False when a part of the walk was cut short; true when not said. */
  readonly isComplete?: boolean
}

/** Runs a check; what it throws because of the image becomes a finding, and the report says that it is not complete. */
export async function guardedCheck(
  { file, format }: { readonly file: string; readonly format: FormatName },
  walk: (findings: FindingList) => Promise<CheckOutcome>,
): Promise<CheckReport> {
  const findings = new FindingList(file)
  try {
    return findings.report({ format, isComplete: true, ...(await walk(findings)) })
  } catch (error) {
    if (!isDiskError(error) || isDiskError(error, 'input-output')) throw error
    findings.adoptRefusal(problemFromError(error))
    return findings.report({ format, isComplete: false, checked: [], allocatedBytes: null, leakedBytes: 0 })
  }
}
