import { formatBytes } from '@varve/core/units/format-bytes'
import type { VolumeThere } from '../attach/facts.ts'
import { blocking } from '../blocking.ts'
import type { ResizeFacts } from '../resize/facts.ts'
import { insideOf, type Inside, type InsideWays } from '../resize/inside.ts'
import { isMade, resizedKind } from '../resize/kinds.ts'
import type { ResizeTarget } from '../resize/targets.ts'
import { filesystemRemedy, groupRemedy, linearRemedy, volumeRemedy } from './remedies.ts'
import type { ShrinkRequest } from './request.ts'

/** What lies in the target of a shrink, and how one gets to its filesystem. */
export function shrunkInside(facts: ResizeFacts, request: ShrinkRequest, target: ResizeTarget): Inside {
  const file = facts.image.path
  const ways = request.byFiles ? waysByFiles(file) : waysInPlace(facts)
  const inside = insideOf({ facts, asked: request, ways }, target)
  const refused = (id: string, why: string, remedy: string): Inside => ({
    kind: 'refused',
    problem: blocking(file, { id, layer: 'L5', why, remedy }),
  })
  if (inside.kind === 'lvm') {
    const { volume, type } = inside
    const other = facts.volumes.find((one) => one.group === volume.group && !isLinear(one))
    if (other)
      return refused(
        ways.id,
        `its group holds ${other.group}/${other.name}, which ${other.reason ?? 'is striped'}`,
        request.byFiles ? linearRemedy(file) : ways.remedy('lvm2'),
      )
    if (type === 'swap' && request.to === null)
      return refused(
        'swap-needs-size',
        `${volume.group}/${volume.name} holds swap space, which has no smallest size`,
        'Say the size of the disk: --to SIZE.',
      )
    if (type === 'swap' && volume.filesystem?.uuid === null)
      return refused(
        ways.id,
        `the swap space of ${volume.group}/${volume.name} has no UUID that it could go on with`,
        'Make it anew inside the guest.',
      )
    return tooSmallFor(facts, request, { target, volume }) ?? inside
  }
  if (inside.kind === 'luks' && target.volume?.payload?.isDynamic !== true)
    return refused(
      ways.id,
      target.volume?.payload === undefined
        ? 'its LUKS does not say that its data are one run to its end, as when they are encrypted anew or have integrity tags'
        : 'its LUKS has a fixed size, which its header states',
      ways.remedy('luks2'),
    )
  return inside
}

function waysInPlace({ image: { path: file }, volumes, guest }: ResizeFacts): InsideWays {
  const parts = guest?.volumes.filter(({ type }) => type === 'lvm2') ?? []
  const isCopied = parts.length === 1 && volumes.every(isLinear)
  const hasXfs = isCopied && volumes.some(({ filesystem }) => filesystem?.type === 'xfs')
  return {
    id: 'volume-not-shrunk',
    what: 'what would become smaller',
    verb: 'shrink',
    remedy: (type) => (type === 'lvm2' && hasXfs ? filesystemRemedy(file, 'xfs') : volumeRemedy(file, type)),
    isWorth: (type) => type !== 'swap' && resizedKind(type).shrink !== null,
    isTaken: (type) => resizedKind(type).shrink !== null,
  }
}

function waysByFiles(file: string): InsideWays {
  return {
    id: 'volume-not-by-files',
    what: 'what would be copied',
    verb: 'shrink',
    manner: ' by files',
    remedy: (type) => (type === 'lvm2' ? groupRemedy(file) : volumeRemedy(file, type)),
    isWorth: isMade,
    isTaken: isMade,
  }
}

/** Linear pieces of one physical volume: their extents can be moved. */
function isLinear({ pieces }: VolumeThere): boolean {
  return pieces !== null && pieces.every(({ stripes }) => stripes.length === 1)
}

interface Chosen {
  readonly target: ResizeTarget
  readonly volume: VolumeThere
}

/** The other volumes of the group keep what they have; null: they may fit. */
function tooSmallFor(
  { image, volumes }: ResizeFacts,
  { to }: ShrinkRequest,
  { target: { partition }, volume: { group, name } }: Chosen,
): Inside | null {
  if (to === null) return null
  const others = volumes
    .filter((one) => one.group === group && one.name !== name)
    .reduce((sum, { size }) => sum + size, 0)
  const start = partition?.start ?? 0
  if (to - start > others) return null
  return {
    kind: 'refused',
    problem: blocking(image.path, {
      id: 'too-small',
      layer: 'L5',
      why: `the other volumes of ${group} have ${formatBytes(others)}, and a disk of ${formatBytes(to)} has no more than ${formatBytes(Math.max(0, to - start))} for all of them`,
      remedy:
        'Choose a larger size, remove volumes in the guest, or have Varve find the smallest one: --min.',
      details: { least: start + others, left: Math.max(0, to - start) },
    }),
  }
}
