import { diagnose, oldestOf, type Diagnosed, type DiagnoseOptions } from './diagnose.ts'
import { findDuplicates } from './find-duplicates.ts'
import type { StagingRuns } from './find-leftovers.ts'
import { leftoverFindings, quarantineFindings } from './leftover-findings.ts'
import { linkFindings } from './link-findings.ts'
import { undoFindings } from './undo-findings.ts'
import type { RunOptions } from '../run/run-options.ts'

export interface ExamineOptions extends DiagnoseOptions {
  /** How images of one size are read whole, to find those that hold the same disk; null: they are not read. */
  readonly digest: RunOptions | null
  /** The runs of this host that stage images. */
  readonly runOfStaging: StagingRuns
}

/** Everything that is to be mended in a folder: its images, and what lies beside them. */
export async function examineFolder(path: string, options: ExamineOptions): Promise<Diagnosed> {
  const { roots, digest, runOfStaging, now = Date.now } = options
  const diagnosed = await diagnose(path, options)
  const { folder, images, needed, remains } = diagnosed
  const same = digest === null ? [] : await findDuplicates(images, { ...digest, roots, needed })
  return {
    ...diagnosed,
    findings: [
      // Who has read them knows.
      ...diagnosed.findings.filter(({ id }) => digest === null || id !== 'maybe-duplicate'),
      ...same,
      ...(await linkFindings(remains.links, images)),
      ...(await leftoverFindings(remains.staged, { folder, runOfStaging })),
      ...(await quarantineFindings(folder, now())),
      ...(await undoFindings(remains.undoFiles, { beforeMs: oldestOf(options), nowMs: now() })),
    ],
  }
}
