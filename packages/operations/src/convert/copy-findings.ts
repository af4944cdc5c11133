import { sectorsInTarget } from '@varve/core/image/guest-sectors'
import { quote } from '@varve/core/problems/disk-error'
import type { Problem } from '@varve/core/problems/problem'
import type { WritableFormat } from '@varve/core/formats/writable-formats'
import type { LogicalSectorSize } from '@varve/core/image/image-choices'
import type { SourceFacts } from './facts.ts'

/** Names that are told of one source, at most. */
const mostNamed = 20

/** What an image says against being read as it is: what asks keeps asking, the rest only has to be known. */
export function sourceFindings({ address, report }: SourceFacts): Problem[] {
  const isRescue = address.reading.rescue === true
  return report.problems
    .filter((problem) => isDoubt(problem) || (isRescue && isForced(problem)))
    .map((problem) => told(problem, isRescue && isForced(problem)))
}

/** What the container says against what is read of it. */
function isDoubt({ layer, severity, asks }: Problem): boolean {
  return asks === true || (layer === 'L2' && severity === 'warn')
}

/** What a rescue reads although it would be refused. */
function isForced({ id, severity }: Problem): boolean {
  return id.startsWith('rescued-') || severity === 'block'
}

function told(problem: Problem, isForced: boolean): Problem {
  const asks = problem.asks === true
  const severity = asks && problem.severity !== 'block' ? problem.severity : 'info'
  return { ...problem, severity, ...(isForced && { details: { ...problem.details, forced: true } }) }
}

/** The question what becomes of the snapshots inside a source; null when there are none, or it is answered. */
export function snapshotFinding(
  { address, report: { snapshots } }: SourceFacts,
  choice: 'ask' | 'drop' | 'extract',
): Problem | null {
  if (choice !== 'ask' || snapshots.length === 0 || address.reading.snapshot !== undefined) return null
  const names = snapshots.map(({ name, id }) => (name === '' ? id : name))
  const shown = names.slice(0, mostNamed).map(quote).join(', ')
  const more = names.length > mostNamed ? ` and ${names.length - mostNamed} more` : ''
  const whole = names.length === 1 ? 'an internal snapshot' : `${names.length} internal snapshots`
  return {
    id: 'internal-snapshots',
    severity: 'warn',
    asks: true,
    layer: 'L2',
    file: address.path,
    message: `It has ${whole}, ${shown}${more}, which no new image gets: --snapshots drop leaves them out, --snapshots extract writes each as an image of its own.`,
    remedy: 'Say what is to become of them, or name the one that you want as FILE@SNAPSHOT.',
    details: { snapshots: names, choices: ['drop', 'extract'] },
  }
}

export interface NewSectors {
  readonly format: WritableFormat
  readonly told: LogicalSectorSize | undefined
}

/** What the new image will not say of the sectors that the guest was set up with; null: nothing. */
export function sectorFinding({ address, report }: SourceFacts, target: NewSectors): Problem | null {
  const found = sectorsInTarget(report, target)
  if (found === null) return null
  const { id, message, remedy } = found
  return {
    id,
    severity: 'info',
    layer: 'L3',
    file: address.path,
    message,
    remedy,
    details: { ofTarget: true },
  }
}
