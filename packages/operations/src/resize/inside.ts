import type { VolumeFinding } from '@varve/core/guest/guest-contents'
import { volumeName } from '@varve/core/guest/guest-names'
import type { Problem } from '@varve/core/problems/problem'
import type { ResizedType } from '../actions/filesystem-place.ts'
import type { VolumeThere } from '../attach/facts.ts'
import { blocking } from '../blocking.ts'
import type { ResizeFacts } from './facts.ts'
import { isResized } from './kinds.ts'
import type { ResizeTarget } from './targets.ts'

type VolumeName = Pick<VolumeThere, 'group' | 'name'>

/** What lies in the target, and how one gets to the filesystem. */
export type Inside =
  /** The filesystem lies there itself, or nothing that gets another size. */
  | { readonly kind: 'plain' }
  | { readonly kind: 'lvm'; readonly volume: VolumeThere; readonly type: ResizedType }
  /** What is in it is seen when it is open. */
  | { readonly kind: 'luks'; readonly volume: VolumeName | null }
  | { readonly kind: 'refused'; readonly problem: Problem }

export interface Asked {
  readonly volume: VolumeName | null
  readonly isLuks: boolean
}

/** What is said and looked for, whichever way it is to go. */
export interface InsideWays {
  readonly id: 'volume-not-grown' | 'volume-not-shrunk' | 'volume-not-by-files'
  /** Such as `what would get the room`. */
  readonly what: string
  /** Such as `grow`. */
  readonly verb: string
  /** What is said behind the verb, where that is no command. */
  readonly manner?: string
  /** What is done instead. */
  readonly remedy: (type: VolumeFinding['type']) => string
  /** Filesystems that are taken where no volume is named. */
  readonly isWorth: (type: ResizedType) => boolean
  /** Those that are taken where their volume is named. */
  readonly isTaken: (type: ResizedType) => boolean
}

interface Looking {
  readonly facts: ResizeFacts
  readonly asked: Asked
  readonly ways: InsideWays
}

type Refuse = (id: string, why: string, remedy: string) => Inside

export function insideOf(looking: Looking, { volume }: ResizeTarget): Inside {
  const { facts, asked, ways } = looking
  const refused: Refuse = (id, why, remedy) => ({
    kind: 'refused',
    problem: blocking(facts.image.path, { id, layer: 'L5', why, remedy }),
  })
  const isLuks = volume?.type === 'luks1' || volume?.type === 'luks2'
  if (asked.isLuks && !isLuks)
    return refused(
      'no-luks',
      'no LUKS volume was found there',
      'Leave --luks out; see what it holds: varve info.',
    )
  if (volume?.type === 'lvm2') return logicalOf(looking, volume.group, refused)
  const { isOwnHost } = facts.ways
  if (isLuks && asked.isLuks && !isOwnHost)
    return refused(
      'no-key-over-network',
      `${ways.what} is inside LUKS, and Varve sends no passphrase or key to another host`,
      `Use the command on that host, with --luks: varve ${ways.verb}; or --partition none for the container only.`,
    )
  if (isLuks) {
    if (asked.isLuks) return { kind: 'luks', volume: asked.volume }
    return refused(
      'volume-locked',
      `${ways.what} is inside LUKS`,
      isOwnHost
        ? 'Give its passphrase on standard input, with --luks; or --partition none for the container only.'
        : 'Use the command on that host, with --luks and its passphrase on standard input; or change the container only (--partition none).',
    )
  }
  if (asked.volume !== null)
    return refused(
      'no-volume',
      `it has no logical volume ${nameOf(asked.volume)} there`,
      sayWhich(facts.volumes),
    )
  if (volume === null) return { kind: 'plain' }
  return refused(
    ways.id,
    `${ways.what} is ${volumeName(volume.type)}, which Varve does not ${ways.verb}`,
    ways.remedy(volume.type),
  )
}

function logicalOf({ facts, asked, ways }: Looking, group: string | null, refused: Refuse): Inside {
  const { volumes, guest } = facts
  const inGroup = volumes.filter((one) => one.group === group)
  const parts = guest?.volumes.filter((one) => one.type === 'lvm2' && one.group === group) ?? []
  const instead = ways.remedy('lvm2')
  const does = `${ways.verb}${ways.manner ?? ''}`
  if (parts.length > 1)
    return refused('volume-spans', `its volume group lies in ${parts.length} physical volumes`, instead)
  const wanted = asked.volume
  const isWorth = ({ filesystem }: VolumeThere) =>
    filesystem !== null && isResized(filesystem.type) && ways.isWorth(filesystem.type)
  const found =
    wanted === null ? inGroup.filter(isWorth) : inGroup.filter((one) => nameOf(one) === nameOf(wanted))
  const [chosen] = found
  if (!chosen && wanted !== null)
    return refused('no-volume', `it has no logical volume ${nameOf(wanted)} there`, sayWhich(inGroup))
  if (!chosen)
    return refused(
      ways.id,
      `none of its logical volumes holds a filesystem that Varve could ${does}`,
      instead,
    )
  if (found.length > 1)
    return refused(
      'which-volume',
      `${found.length} of its logical volumes hold a filesystem that Varve could ${does}`,
      sayWhich(inGroup),
    )
  const { pieces, reason, filesystem } = chosen
  if (pieces === null)
    return refused(ways.id, `the logical volume ${nameOf(chosen)} ${reason ?? 'is not to be had'}`, instead)
  if (filesystem === null || !isResized(filesystem.type) || !ways.isTaken(filesystem.type))
    return refused(
      ways.id,
      `the logical volume ${nameOf(chosen)} holds ${filesystem?.type ?? 'nothing that is known'}, which Varve does not ${does} there`,
      instead,
    )
  if (filesystem.state === 'dirty')
    return refused(
      'filesystem-dirty',
      `the ${filesystem.type} in ${nameOf(chosen)} was not unmounted cleanly`,
      'Start the guest, let it check the filesystem, and shut it down cleanly.',
    )
  return { kind: 'lvm', volume: chosen, type: filesystem.type }
}

const nameOf = ({ group, name }: VolumeName) => `${group}/${name}`

function sayWhich(volumes: readonly VolumeThere[]): string {
  if (volumes.length === 0) return 'See what it holds: varve info.'
  const words = volumes.map((one) => `${nameOf(one)} (${one.filesystem?.type ?? 'nothing that is known'})`)
  return `Say which, as --volume VG/LV: ${words.join(', ')}.`
}
