import { FindingList, type CheckReport } from '../../image/check-report.ts'
import type { ImageFile } from '../../image/image-files.ts'

/** Raw has no tables: the report says that there was nothing to check. */
export async function checkRaw({ path, allocated }: ImageFile): Promise<CheckReport> {
  const findings = new FindingList(path)
  findings.add('remark', {
    id: 'raw-nothing-to-check',
    message: 'A raw disk has no tables that could contradict each other: there is nothing to check.',
    remedy: 'Compare it with another copy by varve compare, or look inside it with varve info.',
  })
  return findings.report({
    format: 'raw',
    checked: [],
    isComplete: true,
    allocatedBytes: allocated,
    leakedBytes: 0,
  })
}
