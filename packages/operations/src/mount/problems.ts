import { quote } from '@varve/core/problems/disk-error'
import type { Problem } from '@varve/core/problems/problem'
import { shellWord } from '../plans/shown.ts'
import type { FilesystemThere, MountFacts } from './facts.ts'
import { kindOf } from './filesystems.ts'

/** The filesystem that is meant; null: none, or it is not clear which. */
export function choose({ filesystems }: MountFacts, partition: number | null): FilesystemThere | null {
  if (partition !== null) return filesystems.find((one) => one.partition === partition) ?? null
  const mountable = filesystems.filter(({ type }) => kindOf(type) !== null)
  return mountable.length === 1 ? (mountable[0] ?? null) : null
}

/** Nothing is mounted over what somebody uses. */
export function folderProblems({ folder, folderIs }: MountFacts): Problem[] {
  const words: Partial<Record<MountFacts['folderIs'], readonly [id: string, why: string, remedy: string]>> = {
    used: [
      'folder-used',
      'it is not empty, and what is in it would be hidden',
      'Say an empty folder, or a new one.',
    ],
    'no-folder': ['folder-used', 'it is no folder', 'Say an empty folder, or a new one.'],
    'mount-point': [
      'folder-used',
      'something is mounted there already',
      `Unmount it first (varve umount ${shellWord(folder)} for what Varve has mounted), or say another folder.`,
    ],
    nowhere: ['folder-missing', 'the folder that it is to be made in is not there', 'Make that one first.'],
  }
  const found = words[folderIs]
  if (!found) return []
  const [id, why, remedy] = found
  return [
    { id, severity: 'block', layer: 'L1', file: folder, message: `L1 ${quote(folder)}: ${why}`, remedy },
  ]
}

/** Why no filesystem of the guest can be mounted. */
export function guestProblems(facts: MountFacts, partition: number | null): Problem[] {
  const { format, image, hostBtrfs, others, filesystems } = facts
  if (format === null) return []
  const blocking = (id: string, why: string, remedy: string): Problem => ({
    id,
    severity: 'block',
    layer: 'L6',
    file: image,
    message: `L6 ${quote(image)}: ${why}`,
    remedy,
    details: { filesystems },
  })
  const chosen = choose(facts, partition)
  const attachInstead = `Attach it, and use the tools of this host: varve attach ${shellWord(image)}`
  if (chosen === null) {
    const other = others.find((one) => one.partition === partition)
    if (partition !== null && other)
      return [
        blocking('no-filesystem', `partition ${partition} holds ${other.type}, no filesystem`, attachInstead),
      ]
    if (partition !== null)
      return [blocking('no-filesystem', `no filesystem was found in partition ${partition}`, there(facts))]
    return [blocking(...unclear(facts), filesystems.length > 1 ? there(facts) : attachInstead)]
  }
  if (kindOf(chosen.type) === null)
    return [blocking('filesystem-not-mounted', `Varve does not mount ${chosen.type}`, attachInstead)]
  if (chosen.type === 'btrfs' && chosen.uuid !== null && hostBtrfs.includes(chosen.uuid))
    return [
      blocking(
        'same-uuid',
        `this host has a Btrfs of the same UUID (${chosen.uuid}) mounted, and the kernel would take one for the other`,
        'Mount it on another host, or serve it: varve serve.',
      ),
    ]
  return []
}

function unclear({ filesystems, others }: MountFacts): [id: string, why: string] {
  if (filesystems.length > 1) return ['which-filesystem', `it has ${filesystems.length} filesystems`]
  const held = others.map(({ type }) => type)
  return [
    'no-filesystem',
    held.length > 0 ? `it holds ${held.join(', ')}, no filesystem` : 'no filesystem was found in it',
  ]
}

/** The filesystems by the partition to say. */
function there({ filesystems }: MountFacts): string {
  const named = filesystems.map(
    ({ partition, type, label }) =>
      `${partition === null ? 'the whole disk' : `:${partition}`} ${type}${label === null || label === '' ? '' : ` ${quote(label)}`}`,
  )
  return named.length === 0
    ? 'See what it holds: varve info.'
    : `Say which, as IMAGE:PARTITION: ${named.join(', ')}.`
}
