import { quote } from '@varve/core/problems/disk-error'
import type { Problem } from '@varve/core/problems/problem'
import { blocking } from '../blocking.ts'
import { shellWord } from '../plans/shown.ts'
import type { VolumeThere } from '../attach/facts.ts'
import { mapperProblems } from '../attach/problems.ts'
import type { FilesystemThere, MountFacts } from './facts.ts'
import { kindOf } from './filesystems.ts'
import type { MountRequest } from './request.ts'

/** A filesystem that could be meant, and the logical volume that holds it. */
export interface Candidate extends FilesystemThere {
  readonly volume: VolumeThere | null
}

type Meant = Pick<MountRequest, 'partition' | 'volume'>

const isOfLinux = (type: string) => kindOf(type) !== null

/** The filesystem that is meant, among those that the host can mount where none is said; null: none, or it is not clear which. */
export function choose(
  facts: MountFacts,
  { partition, volume }: Meant,
  isMountable: (type: string) => boolean = isOfLinux,
): Candidate | null {
  const all = candidates(facts)
  if (volume !== null) return all.find((one) => one.volume !== null && isVolume(one.volume, volume)) ?? null
  if (partition !== null) return all.find((one) => one.volume === null && one.partition === partition) ?? null
  const mountable = all.filter(({ type }) => isMountable(type))
  return mountable.length === 1 ? (mountable[0] ?? null) : null
}

function candidates({ filesystems, volumes }: MountFacts): Candidate[] {
  return [
    ...filesystems.map((one) => ({ ...one, volume: null })),
    ...volumes.flatMap((volume) =>
      volume.filesystem === null ? [] : [{ ...volume.filesystem, partition: null, volume }],
    ),
  ]
}

const isVolume = (one: VolumeThere, { group, name }: NonNullable<Meant['volume']>) =>
  one.group === group && one.name === name

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
  return [blocking(folder, { id, layer: 'L1', why, remedy })]
}

/** Why no filesystem of the guest can be mounted. */
export function guestProblems(facts: MountFacts, meant: Meant): Problem[] {
  const { format, image, hostBtrfs, filesystems, volumes } = facts
  if (format === null) return []
  const refuse = (id: string, why: string, remedy: string): Problem =>
    blocking(image, {
      id,
      layer: 'L6',
      why,
      remedy,
      details: {
        filesystems,
        volumes: volumes.map(({ group, name, reason, filesystem }) => ({ group, name, reason, filesystem })),
      },
    })
  const chosen = choose(facts, meant)
  if (chosen === null) return [refuse(...noneChosen(facts, meant))]
  if (kindOf(chosen.type) === null)
    return [refuse('filesystem-not-mounted', `Varve does not mount ${chosen.type}`, attachInstead(facts))]
  if (chosen.type === 'btrfs' && chosen.uuid !== null && hostBtrfs.includes(chosen.uuid))
    return [
      refuse(
        'same-uuid',
        `this host has a Btrfs of the same UUID (${chosen.uuid}) mounted, and the kernel would take one for the other`,
        'Mount it on another host, or serve it: varve serve.',
      ),
    ]
  return chosen.volume === null ? [] : mapperProblems(facts, ['dmsetup'])
}

type Words = [id: string, why: string, remedy: string]

const attachInstead = ({ image }: MountFacts) =>
  `Attach it, and use the tools of this host: varve attach ${shellWord(image)}`

/** Why it is not clear which filesystem is meant, or why there is none. */
export function noneChosen(facts: MountFacts, { partition, volume }: Meant): Words {
  const { volumes, others } = facts
  if (volume !== null) {
    const said = quote(`${volume.group}/${volume.name}`)
    const found = volumes.find((one) => isVolume(one, volume))
    if (!found) return ['no-volume', `it has no logical volume ${said}`, there(facts)]
    return found.reason === null
      ? ['no-filesystem', `no filesystem was found in the logical volume ${said}`, there(facts)]
      : [
          'volume-not-mapped',
          `the logical volume ${said} ${found.reason}`,
          'Serve the image to a machine that has LVM: varve serve.',
        ]
  }
  if (partition === null) return unclear(facts)
  const other = others.find((one) => one.partition === partition)
  if (!other) return ['no-filesystem', `no filesystem was found in partition ${partition}`, there(facts)]
  const why = `partition ${partition} holds ${other.type}, no filesystem`
  if (isLuks(other)) return ['no-filesystem', why, luksRemedy]
  const isNamed = other.type === 'lvm2' && volumes.length > 0
  return ['no-filesystem', why, isNamed ? there(facts) : attachInstead(facts)]
}

function unclear(facts: MountFacts): Words {
  const count = candidates(facts).length
  if (count > 1) return ['which-filesystem', `it has ${count} filesystems`, there(facts)]
  const held = facts.others.map(({ type }) => type)
  const why = held.length > 0 ? `it holds ${held.join(', ')}, no filesystem` : 'no filesystem was found in it'
  const remedy = facts.others.some(isLuks)
    ? luksRemedy
    : facts.volumes.length > 0
      ? there(facts)
      : attachInstead(facts)
  return ['no-filesystem', why, remedy]
}

export const isLuks = ({ type }: MountFacts['others'][number]) => type === 'luks1' || type === 'luks2'
const luksRemedy = 'Open it with --luks, and its passphrase on standard input.'

/** The filesystems by what to say. */
function there(facts: MountFacts): string {
  const named = candidates(facts).map(({ partition, volume, type, label }) => {
    const place =
      volume !== null
        ? `:${volume.group}/${volume.name}`
        : partition === null
          ? 'the whole disk'
          : `:${partition}`
    return `${place} ${type}${label === null || label === '' ? '' : ` ${quote(label)}`}`
  })
  return named.length === 0
    ? 'See what it holds: varve info.'
    : `Say which, as IMAGE:PARTITION or IMAGE:VG/LV: ${named.join(', ')}.`
}
