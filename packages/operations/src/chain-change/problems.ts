import { isMachineFolder } from '@varve/core/image/is-machine-folder'
import { formatRules } from '@varve/core/image/format-rules'
import { isWritable, rulesOf, writableFormats } from '@varve/core/formats/writable-formats'
import { quote } from '@varve/core/problems/disk-error'
import type { Problem } from '@varve/core/problems/problem'
import { blocking } from '../blocking.ts'
import { dependentsProblem, partOfProblems, remarks, useProblems } from '../image-files-problems.ts'
import { overlayProblems } from '../overlay-problems.ts'
import type { LinkFacts, ReplacedFacts } from './facts.ts'

interface Said {
  readonly id: string
  readonly file: string
  readonly message: string
  readonly remedy: string
  readonly details?: Readonly<Record<string, unknown>>
}

/** A reason of L2 for which it is not done. */
export function refusal({ file, message, ...said }: Said): Problem {
  return blocking(file, { ...said, layer: 'L2', why: message })
}

/** Refuses an image that stands alone. */
export function noParent({ path, format }: LinkFacts): Problem {
  const remedy =
    format === 'parallels'
      ? 'The snapshots of a bundle are merged by prl_disk_tool, or by writing it anew with varve convert.'
      : 'Nothing is to be done: it stands alone.'
  return refusal({ id: 'no-parent', file: path, message: 'it has no parent', remedy })
}

/** An image that takes the place of `own`. */
export interface Change {
  readonly own: LinkFacts
  /** Bytes of its disk. */
  readonly virtualSize: number | null
  /** Whether its disk is that of `own`. */
  readonly isSameDisk: boolean
  /** What it stands on; null: it stands alone. */
  readonly below: LinkFacts | null
}

/** What speaks against another image taking the place of this one. */
export function replaceProblems(replaced: ReplacedFacts, change: Change): Problem[] {
  const { own, isSameDisk } = change
  return [
    ...partOfProblems(replaced, (image) => ['varve', 'chain', 'show', image]),
    ...dependentsProblem({ path: replaced.path, dependents: replaced.onParts }),
    ...useProblems(replaced),
    // Images over it go on to stand on it: where they lie does not matter.
    ...remarks({ ...replaced, searched: [] }),
    ...(isSameDisk && own.identity !== null ? [] : keeperProblems(replaced)),
    ...writerProblems(change),
    ...snapshotProblems(own),
  ]
}

/** Some children know their parent by what only the same disk can go on having. */
function keeperProblems({ path, keepers }: ReplacedFacts): Problem[] {
  const [first] = keepers
  if (first === undefined) return []
  const more = keepers.length > 1 ? ` and ${keepers.length - 1} more` : ''
  return [
    refusal({
      id: 'child-keeps-identity',
      file: path,
      message: `${quote(first)}${more} knows it by its identity, which the image that takes its place would not have`,
      remedy: `Flatten that one first: varve chain flatten ${quote(first)}.`,
      details: { keepers },
    }),
  ]
}

function writerProblems({ own, virtualSize, below }: Change): Problem[] {
  const { path, format } = own
  if (isMachineFolder(format))
    return [
      refusal({
        id: 'is-a-machine',
        file: path,
        message: `it is a ${formatRules[format].label}: its settings and its other disks would be lost`,
        remedy: 'Name its disk itself, in the folder of the machine.',
      }),
    ]
  if (!isWritable(format))
    return [
      refusal({
        id: 'format-not-written',
        file: path,
        message: `Varve does not write ${formatRules[format].label}`,
        remedy: `Convert it to one of ${writableFormats.join(', ')}.`,
      }),
    ]
  if (below === null || virtualSize === null) return []
  if (!rulesOf(format).overlay)
    return [
      refusal({
        id: 'overlay-not-written',
        file: path,
        message: `Varve does not write ${formatRules[format].label} as an overlay of another image`,
        remedy:
          'Flatten it (varve chain flatten), or change only the name of its parent (varve chain repoint).',
      }),
    ]
  const { logicalSectorSize } = own
  return overlayProblems({ file: path, format, virtualSize, logicalSectorSize }, below)
}

function snapshotProblems({ path, snapshots }: LinkFacts): Problem[] {
  if (snapshots.length === 0) return []
  const named = snapshots.slice(0, 5).map((one) => quote(one))
  const whole = snapshots.length === 1 ? 'internal snapshot' : `${snapshots.length} internal snapshots`
  return [
    {
      id: 'snapshots-dropped',
      severity: 'warn',
      layer: 'L2',
      file: path,
      message: `L2 ${quote(path)}: its ${whole} (${named.join(', ')}${snapshots.length > 5 ? ', …' : ''}) ${snapshots.length === 1 ? 'is' : 'are'} not in the image that takes its place`,
      remedy:
        'Extract those that you need first: varve convert IMAGE@SNAPSHOT. The original is kept in quarantine.',
      asks: true,
    },
  ]
}
