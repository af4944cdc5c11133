import { formatBytes } from '@varve/core/units/format-bytes'
import { quote } from '@varve/core/problems/disk-error'
import { findEntries } from '../quarantine/index-of-entries.ts'
import { finding, type Diagnosis } from './diagnosis.ts'
import { lookAtStaged, type StagingRuns } from './find-leftovers.ts'
import { byCommand, mendByPurge } from './mending.ts'

interface Below {
  readonly folder: string
  readonly runOfStaging: StagingRuns
}

/** What commands and runs left that died; it has a command of its own, which looks again before it removes anything. */
export async function leftoverFindings(
  staged: readonly string[],
  { folder, runOfStaging }: Below,
): Promise<Diagnosis[]> {
  const found = await lookAtStaged(staged, runOfStaging)
  return found
    .filter(({ state }) => state === 'removable')
    .map(({ path, bytes }) =>
      finding(
        { path },
        {
          id: 'leftover',
          severity: 'warn',
          layer: 'L1',
          message: `a command or run that died has left it, ${formatBytes(bytes)}`,
          remedy: 'Nobody needs it: remove it.',
          ...byCommand('varve', 'leftovers', folder, '--remove'),
          details: { bytes },
        },
      ),
    )
}

/** What is in quarantine for longer than it was to be. */
export async function quarantineFindings(folder: string, nowMs: number): Promise<Diagnosis[]> {
  const { entries } = await findEntries(undefined, [folder])
  const now = new Date(nowMs).toISOString()
  return entries
    .filter(({ manifest }) => manifest.until < now)
    .map(({ path, folder: place, manifest: { id, image, until } }) =>
      finding(
        { path },
        {
          id: 'quarantine-over',
          severity: 'info',
          layer: 'L1',
          message: `it keeps ${quote(image)}, which was to be kept until ${until.slice(0, 10)}`,
          remedy: 'Remove it for good if nobody missed it.',
          ...mendByPurge(id, place),
          details: { id, until },
        },
      ),
    )
}
