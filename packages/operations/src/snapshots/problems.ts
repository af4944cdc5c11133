import { formatRules } from '@varve/core/image/format-rules'
import { quote } from '@varve/core/problems/disk-error'
import type { Problem } from '@varve/core/problems/problem'
import { SnapshotName } from '../actions/snapshot-name.ts'
import type { SnapshotFacts } from './facts.ts'

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

/** Refuses formats whose snapshots are not inside the image. */
export function formatProblems(facts: SnapshotFacts): Problem[] {
  const { format } = facts
  if (format === 'qcow2') return []
  const { label, parentLink } = formatRules[format]
  const remedy =
    parentLink === 'none' && format !== 'raw'
      ? 'Convert it to qcow2 first: varve convert.'
      : 'Make an overlay of it: varve snapshot create IMAGE NAME --external; varve chain commit and flatten merge it again.'
  return [
    block(facts, 'no-internal-snapshots', { message: `${label} holds no snapshots of its own`, remedy }),
  ]
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

/** Refuses names that no snapshot has, or several. */
export function knownNameProblems(facts: SnapshotFacts, name: string): Problem[] {
  const fitting = facts.snapshots.filter((one) => one.name === name)
  const isOthersId = facts.snapshots.some((one) => one.id === name && one.name !== name)
  if (fitting.length === 1 && !isOthersId) return []
  if (fitting.length === 0) {
    const names = facts.snapshots.map((one) => quote(one.name))
    return [
      block(facts, 'snapshot-missing', {
        message: `it has no snapshot of the name ${quote(name)}`,
        remedy: names.length === 0 ? 'It has none at all.' : `It has ${names.slice(0, 8).join(', ')}.`,
      }),
    ]
  }
  return [
    block(facts, 'snapshot-ambiguous', {
      message: `${quote(name)} is the name or the id of several snapshots, and QEMU takes one of them by chance`,
      remedy: 'Extract what you need from each with varve convert IMAGE@id=ID.',
    }),
  ]
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
