import type { Problem } from '@varve/core/problems/problem'
import type { ResizedType } from '../actions/filesystem-place.ts'
import type { VolumeThere } from '../attach/facts.ts'
import type { ResizeFacts } from '../resize/facts.ts'
import { isResized } from '../resize/kinds.ts'
import { blocking } from '../blocking.ts'
import type { ResizeTarget } from '../resize/targets.ts'
import type { GrowRequest } from './request.ts'

/** What lies in the target, and how one gets to the filesystem. */
export type Inside =
  /** The filesystem lies there itself, or nothing that is made larger. */
  | { readonly kind: 'plain' }
  | { readonly kind: 'lvm'; readonly volume: VolumeThere; readonly type: ResizedType }
  /** What is in it is seen when it is open. */
  | { readonly kind: 'luks'; readonly volume: GrowRequest['volume'] }
  | { readonly kind: 'refused'; readonly problem: Problem }

type Asked = Pick<GrowRequest, 'volume' | 'isLuks'>

export function insideOf(facts: ResizeFacts, { volume }: ResizeTarget, asked: Asked): Inside {
  const refused = (id: string, why: string, remedy: string): Inside => ({
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
  if (volume?.type === 'lvm2') return logicalOf(facts, volume.group, asked)
  if (isLuks && asked.isLuks && !facts.ways.isOwnHost)
    return refused(
      'no-key-over-network',
      'what would get the room is inside LUKS, and Varve sends no passphrase or key to another host',
      'Use the command on that host: varve grow IMAGE --to SIZE --luks; or --partition none for the container only.',
    )
  if (isLuks) {
    if (asked.isLuks) return { kind: 'luks', volume: asked.volume }
    return refused(
      'volume-locked',
      'what would get the room is inside LUKS',
      facts.ways.isOwnHost
        ? 'Give its passphrase on standard input, with --luks; or --partition none for the container only.'
        : 'Use the command on that host, with --luks and its passphrase on standard input; or grow the container only (--partition none).',
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
    'volume-not-grown',
    `what would get the room is ${volume.type}, which Varve does not grow`,
    'Grow the container only (--partition none), and the rest inside the guest.',
  )
}

function logicalOf({ volumes, image, guest }: ResizeFacts, group: string | null, asked: Asked): Inside {
  const refused = (id: string, why: string, remedy: string): Inside => ({
    kind: 'refused',
    problem: blocking(image.path, { id, layer: 'L5', why, remedy }),
  })
  const inGroup = volumes.filter((one) => one.group === group)
  const parts = guest?.volumes.filter((one) => one.type === 'lvm2' && one.group === group) ?? []
  if (parts.length > 1)
    return refused(
      'volume-spans',
      `its volume group lies in ${parts.length} physical volumes`,
      'Grow the container only (--partition none), and the rest inside the guest.',
    )
  const wanted = asked.volume
  const found =
    wanted === null ? inGroup.filter(isWorth) : inGroup.filter((one) => nameOf(one) === nameOf(wanted))
  const [chosen] = found
  if (!chosen && wanted !== null)
    return refused('no-volume', `it has no logical volume ${nameOf(wanted)} there`, sayWhich(inGroup))
  if (!chosen || found.length > 1)
    return refused(
      'which-volume',
      `${found.length} of its logical volumes hold a filesystem that could use the room`,
      sayWhich(inGroup),
    )
  const { pieces, reason, filesystem } = chosen
  const inGuest = 'Grow the container only (--partition none), and the rest inside the guest.'
  if (pieces === null)
    return refused(
      'volume-not-grown',
      `the logical volume ${nameOf(chosen)} ${reason ?? 'is not to be had'}`,
      inGuest,
    )
  if (filesystem === null || !isResized(filesystem.type) || filesystem.type === 'swap')
    return refused(
      'volume-not-grown',
      `the logical volume ${nameOf(chosen)} holds ${filesystem?.type ?? 'nothing that is known'}, which Varve does not grow there`,
      inGuest,
    )
  if (filesystem.state === 'dirty')
    return refused(
      'filesystem-dirty',
      `the ${filesystem.type} in ${nameOf(chosen)} was not unmounted cleanly`,
      'Start the guest, let it check the filesystem, and shut it down cleanly.',
    )
  return { kind: 'lvm', volume: chosen, type: filesystem.type }
}

const nameOf = ({ group, name }: { readonly group: string; readonly name: string }) => `${group}/${name}`

const isWorth = ({ filesystem }: VolumeThere) =>
  filesystem !== null && isResized(filesystem.type) && filesystem.type !== 'swap'

function sayWhich(volumes: readonly VolumeThere[]): string {
  if (volumes.length === 0) return 'See what it holds: varve info.'
  const words = volumes.map((one) => `${nameOf(one)} (${one.filesystem?.type ?? 'nothing that is known'})`)
  return `Say which, as --volume VG/LV: ${words.join(', ')}.`
}
