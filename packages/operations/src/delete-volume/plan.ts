import { countOf } from '@varve/core/units/format-bytes'
import { volumeAddress, type VolumeAddress } from '@varve/core/image/volume-address'
import { isBlocking, type Problem } from '@varve/core/problems/problem'
import type { Uses } from '@varve/core/problems/use'
import { formatBytes } from '@varve/core/units/format-bytes'
import type { LogicalVolume, PlacesView } from '@varve/protocol/places'
import { removeSnapshot } from '../actions/remove-snapshot.ts'
import { removeVolume } from '../actions/remove-volume.ts'
import { snapshotAddress } from '../actions/volume-snapshot.ts'
import { useProblems } from '../image-files-problems.ts'
import { defineOperation } from '../operation.ts'
import { inOrder, noEstimate, refusalOf, step } from '../plans/plan.ts'
import type { VolumeFacts } from '../volumes/facts.ts'
import { hostProblems, refused, volumeOf } from '../volumes/host-problems.ts'
import { DeleteVolumeRequest } from './request.ts'

export interface DeleteVolumeFacts extends VolumeFacts {
  /** Who uses its device. */
  readonly uses: Uses
}

interface Found {
  readonly uuid: string | null
  readonly size: number
  readonly isOpen: boolean
  /** The volume that it is a snapshot of. */
  readonly origin: string | null
  /** What is made of it, in words for people. */
  readonly dependents: readonly string[]
  /** Thin snapshots of it, which do without it. */
  readonly alone?: readonly string[]
}

/** Removes a volume for good; there is no quarantine for volumes. */
export const deleteVolume = defineOperation<DeleteVolumeRequest, DeleteVolumeFacts>({
  name: 'delete-volume',
  request: DeleteVolumeRequest,
  paths: [],
  plan({ volume: given, snapshot }, facts) {
    const refusal = refusalOf('delete-volume')
    const named = volumeOf(given)
    if ('severity' in named) return refusal([named])
    // Of LVM a snapshot is a volume beside its own.
    const volume = snapshot !== null && named.kind === 'lvm' ? { ...named, volume: snapshot } : named
    const address = snapshot === null ? given : snapshotAddress({ volume: named, name: snapshot })
    const unable = hostProblems(address, facts)
    if (unable.some(isBlocking) || facts.places === null) return refusal(unable)
    const found = findWanted(named, snapshot, facts.places)
    if (typeof found === 'string')
      return refusal([refused(address, found, 'See what there is: varve places.')])
    const problems = [...useProblems(facts), ...dependentProblems(address, found)]
    if (problems.some(isBlocking)) return refusal(problems.filter(isBlocking))
    const { host } = facts
    return {
      kind: 'plan',
      operation: 'delete-volume',
      summary: `Remove ${address} (${formatBytes(found.size)}) for good`,
      steps: inOrder([
        snapshot !== null && named.kind === 'zfs'
          ? step(removeSnapshot, { id: 'remove', host, input: { volume: named, name: snapshot } })
          : step(removeVolume, { id: 'remove', host, input: { volume, uuid: found.uuid } }),
      ]),
      warnings: [
        ...problems,
        ...standAlone(address, found),
        snapshot === null ? removed(address, found.size) : snapshotRemoved(address),
      ],
      subjects: [{ host, path: address }],
      estimate: noEstimate,
    }
  },
})

/** The volume, or its snapshot, or why there is none that is meant. */
function findWanted(volume: VolumeAddress, snapshot: string | null, places: PlacesView): Found | string {
  if (snapshot === null) return findVolume(volume, places)
  if (volume.kind === 'lvm') {
    const found = findVolume({ ...volume, volume: snapshot }, places)
    if (typeof found === 'string') return found
    return found.origin === volume.volume ? found : `it is no snapshot of ${volumeAddress(volume)}`
  }
  const name = `${volume.group}/${volume.volume}@${snapshot}`
  const pool = places.zpools.find((one) => one.name === volume.group)
  const one = pool?.snapshots.find((known) => known.name === name)
  if (!one) return 'there is no snapshot of that name'
  const held = one.holds > 0 ? [`${countOf(one.holds, 'hold')} (zfs holds)`] : []
  return { uuid: null, size: one.used, isOpen: false, origin: null, dependents: [...held, ...one.clones] }
}

/** The volume as it is there, or why there is none that is meant. */
function findVolume({ kind, group, volume }: VolumeAddress, places: PlacesView): Found | string {
  if (kind === 'zfs') {
    const pool = places.zpools.find(({ name }) => name === group)
    const name = `${group}/${volume}`
    const one = pool?.volumes.find((known) => known.name === name)
    if (!pool || !one) return 'there is no ZFS volume of that name'
    const own = pool.snapshots.filter((snapshot) => snapshot.name.startsWith(`${name}@`))
    const dependents = own.flatMap(({ name: snapshot, clones, holds }) => [
      snapshot + (holds > 0 ? ' (held)' : ''),
      ...clones,
    ])
    return { uuid: null, size: one.size, isOpen: false, origin: null, dependents }
  }
  const groups = places.groups.filter(({ name }) => name === group)
  if (groups.length > 1) return `${groups.length} volume groups have the name ${group}`
  const one = groups[0]?.volumes.find(({ name }) => name === volume)
  if (!one)
    return groups[0]?.pools.some(({ name }) => name === volume) === true
      ? 'it is a thin pool, which holds volumes and is none'
      : 'there is no logical volume of that name'
  const { uuid, size, isOpen, origin } = one
  const of = groups[0]?.volumes.filter((other) => other.origin === volume) ?? []
  // Thin ones share blocks, which their pool keeps as long as one of them has them.
  const isAlone = ({ pool }: LogicalVolume) => pool !== null && pool === one.pool
  const alone = of.filter(isAlone).map((other) => other.address)
  const dependents = of.filter((other) => !isAlone(other)).map((other) => other.address)
  return { uuid, size, isOpen, origin, dependents, alone }
}

/** Names in one sentence, at most. */
const mostNamed = 5

function namedOf(names: readonly string[]): string {
  const more = names.length > mostNamed ? ` and ${names.length - mostNamed} more` : ''
  return `${names.slice(0, mostNamed).join(', ')}${more}`
}

function dependentProblems(address: string, { isOpen, dependents }: Found): Problem[] {
  if (isOpen)
    return [
      refused(address, 'somebody has it open', 'Stop the machine or program that uses it, and try again.'),
    ]
  if (dependents.length === 0) return []
  return [
    refused(
      address,
      `it has snapshots, clones or holds: ${namedOf(dependents)}`,
      'Remove those first, if nobody needs them.',
    ),
  ]
}

function standAlone(file: string, { alone = [] }: Found): Problem[] {
  if (alone.length === 0) return []
  return [
    {
      id: 'snapshots-stand-alone',
      severity: 'info',
      layer: 'L1',
      file,
      message: `What was made of it stays, with all that it holds: ${namedOf(alone)}.`,
      remedy: 'Nothing is to be done: of thin volumes each is whole without the others.',
    },
  ]
}

function snapshotRemoved(file: string): Problem {
  return {
    ...removed(file, 0),
    message:
      'What only this snapshot holds is gone with it: there is no quarantine for volumes, and no way back.',
  }
}

function removed(file: string, size: number): Problem {
  return {
    id: 'volume-removed',
    severity: 'warn',
    asks: true,
    layer: 'L1',
    file,
    message: `All ${formatBytes(size)} of it are gone with the volume: there is no quarantine for volumes, and no way back.`,
    remedy: 'Keep a copy first where it may be needed: varve convert.',
  }
}
