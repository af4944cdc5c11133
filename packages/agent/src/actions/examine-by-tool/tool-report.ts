import { FindingList, type CheckReport, type Fault, type FindingKind } from '@varve/core/image/check-report'
import type { FormatName } from '@varve/core/image/format-rules'

/** What a tool found, as a check of Varve tells it; `isComplete`: it came to its end. */
export function toolReport(
  { path, format }: { readonly path: string; readonly format: FormatName },
  {
    checked,
    faults,
    isComplete = true,
  }: {
    readonly checked: string
    readonly faults: readonly { readonly kind: FindingKind; readonly fault: Fault; readonly times?: number }[]
    readonly isComplete?: boolean
  },
): Omit<CheckReport, 'checked' | 'findings'> & {
  checked: string[]
  findings: CheckReport['findings'][number][]
} {
  const list = new FindingList(path)
  for (const { kind, fault, times } of faults) list.add(kind, fault, times)
  const part = { format, checked: [checked], isComplete, allocatedBytes: null, leakedBytes: 0 }
  const report = list.report(part)
  return { ...report, checked: [...report.checked], findings: [...report.findings] }
}
