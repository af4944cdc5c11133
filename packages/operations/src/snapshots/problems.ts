import { formatRules } from '@varve/core/image/format-rules'
import { quote } from '@varve/core/problems/disk-error'
import type { Problem } from '@varve/core/problems/problem'
import { SnapshotName } from '../actions/snapshot-name.ts'
import type { SnapshotFact, SnapshotFacts } from './facts.ts'

function block({ path }: SnapshotFacts, id: string, said: Pick<Problem, 'message' | 'remedy'>): Problem {
  return {
    id,
    severity: 'block',
    layer: 'L2',
    file: path,
    message: `L2 ${quote(path)}: ${said.message}`,
    remedy: said.remedy,
  }
}

/** Of an image that a person takes for a disk of a machine of Hyper-V. */
export function ofNoMachine(facts: SnapshotFacts): Problem {
  return block(facts, 'no-machine', {
    message: 'no machine of Hyper-V has it as a disk, and only those have checkpoints',
    remedy: 'Leave --checkpoint out.',
  })
}

/** Refuses formats that have no snapshots, and raw where nothing shares blocks. */
export function formatProblems(facts: SnapshotFacts): Problem[] {
  const { format, sharesBlocks } = facts
  if (format === 'qcow2' || sharesBlocks === true) return []
  const { label, parentLink } = formatRules[format]
  const remedy =
    parentLink === 'none' && format !== 'raw'
      ? 'Convert it to qcow2 first: varve convert.'
      : 'Make an overlay of it: varve snapshot create IMAGE NAME --external; varve chain commit and flatten merge it again.'
  const message =
    sharesBlocks === null
      ? `${label} holds no snapshots of its own`
      : `${label} holds no snapshots of its own, and its filesystem has no files that share blocks (Btrfs and XFS have)`
  return [block(facts, 'no-internal-snapshots', { message, remedy })]
}

/** Refuses names that QEMU cannot keep, or takes for another snapshot. */
export function newNameProblems(facts: SnapshotFacts, name: string): Problem[] {
  if (!SnapshotName.safeParse(name).success)
    return [
      block(facts, 'snapshot-name', {
        message: `${quote(name)} is no name of a snapshot: it is text of 1 to 255 bytes`,
        remedy: 'Choose another name.',
      }),
    ]
  const taken = facts.snapshots.some((one) => one.name === name || one.id === name)
  if (!taken) return []
  return [
    block(facts, 'snapshot-exists', {
      message: `a snapshot has ${quote(name)} as its name or id already`,
      remedy: 'Choose another name.',
    }),
  ]
}

/** The snapshot that is meant, or why none is. */
export type Meant =
  | { readonly snapshot: SnapshotFact; readonly problems: readonly [] }
  | { readonly snapshot: null; readonly problems: readonly Problem[] }

/** The snapshot of that name, else that of that id. Refused: what none has, and what QEMU, which is told the name, would take for several. */
export function meantSnapshot(facts: SnapshotFacts, wanted: string): Meant {
  const { snapshots } = facts
  const named = snapshots.filter(({ name }) => name === wanted)
  const numbered = snapshots.filter(({ id }) => id === wanted)
  const [first, ...others] = [...new Set([...named, ...numbered])]
  if (first === undefined) return { snapshot: null, problems: [missing(facts, wanted)] }
  const alike = snapshots.filter((one) => one !== first && (one.name === first.name || one.id === first.name))
  const fitting = [...new Set([first, ...others, ...alike])]
  if (first.name === '') return { snapshot: null, problems: [unnamed(facts, first)] }
  if (fitting.length === 1) return { snapshot: first, problems: [] }
  return { snapshot: null, problems: [ambiguous(facts, wanted, fitting)] }
}

function missing(facts: SnapshotFacts, wanted: string): Problem {
  const all = facts.snapshots.slice(0, 8).map(nameAndId)
  return block(facts, 'snapshot-missing', {
    message: `it has no snapshot with the name or id ${quote(wanted)}`,
    remedy: all.length === 0 ? 'It has none at all.' : `It has ${all.join(', ')}.`,
  })
}

function ambiguous(facts: SnapshotFacts, wanted: string, fitting: readonly SnapshotFact[]): Problem {
  return block(facts, 'snapshot-ambiguous', {
    message: `${quote(wanted)} leads QEMU to several snapshots by name or id, of which it takes one by chance: ${fitting.map(nameAndId).join(', ')}`,
    remedy: 'Extract what you need from each with varve convert IMAGE@id=ID.',
  })
}

function unnamed(facts: SnapshotFacts, { id }: SnapshotFact): Problem {
  return block(facts, 'snapshot-unnamed', {
    message: `the snapshot with the id ${quote(id)} has no name by which qemu-img could be told of it`,
    remedy: `Extract it with varve convert IMAGE@id=${id}.`,
  })
}

function nameAndId({ id, name }: SnapshotFact): string {
  return id === name ? quote(name) : `${quote(name)} (id ${id})`
}

const snapshotting: ReadonlySet<string> = new Set(['btrfs', 'zfs', 'refs', 'apfs', 'bcachefs'])

/** Two layers that copy on write cost twice; the one below makes snapshots of the whole library at once. */
export function layerBelowProblems({ path, filesystem }: SnapshotFacts): Problem[] {
  if (filesystem === null || !snapshotting.has(filesystem.toLowerCase())) return []
  return [
    {
      id: 'snapshots-of-layer-below',
      severity: 'warn',
      layer: 'L1',
      file: path,
      message: `L1 ${quote(path)}: it lies on ${filesystem}, which copies on write and makes snapshots itself; a snapshot of the image above it makes every write copy twice.`,
      remedy: `Make a snapshot of the ${filesystem} volume, or accept this one by name.`,
      asks: true,
    },
  ]
}
