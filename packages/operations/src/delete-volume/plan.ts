import type { VolumeAddress } from '@varve/core/image/volume-address'
import { isBlocking, type Problem } from '@varve/core/problems/problem'
import type { Uses } from '@varve/core/problems/use'
import { formatBytes } from '@varve/core/units/format-bytes'
import type { PlacesView } from '@varve/protocol/places'
import { removeVolume } from '../actions/remove-volume.ts'
import { useProblems } from '../image-files-problems.ts'
import { defineOperation } from '../operation.ts'
import { inOrder, noEstimate, step, type Refusal } from '../plans/plan.ts'
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
  /** What is made of it, in words for people. */
  readonly dependents: readonly string[]
}

/** Removes a volume for good; there is no quarantine for volumes. */
export const deleteVolume = defineOperation<DeleteVolumeRequest, DeleteVolumeFacts>({
  name: 'delete-volume',
  request: DeleteVolumeRequest,
  paths: [],
  plan({ volume: address }, facts) {
    const refusal = (problems: readonly Problem[]): Refusal => ({
      kind: 'refusal',
      operation: 'delete-volume',
      problems: [...problems],
    })
    const volume = volumeOf(address)
    if ('severity' in volume) return refusal([volume])
    const unable = hostProblems(address, facts)
    if (unable.some(isBlocking) || facts.places === null) return refusal(unable)
    const found = findVolume(volume, facts.places)
    if (typeof found === 'string')
      return refusal([refused(address, found, 'See what there is: varve places.')])
    const problems = [...useProblems(facts), ...dependentProblems(address, found)]
    if (problems.some(isBlocking)) return refusal(problems.filter(isBlocking))
    const { host } = facts
    return {
      kind: 'plan',
      operation: 'delete-volume',
      summary: `Remove ${address} (${formatBytes(found.size)}) for good`,
      steps: inOrder([step(removeVolume, { id: 'remove', host, input: { volume, uuid: found.uuid } })]),
      warnings: [...problems, removed(address, found.size)],
      subjects: [{ host, path: address }],
      estimate: noEstimate,
    }
  },
})

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
    return { uuid: null, size: one.size, isOpen: false, dependents }
  }
  const groups = places.groups.filter(({ name }) => name === group)
  if (groups.length > 1) return `${groups.length} volume groups have the name ${group}`
  const one = groups[0]?.volumes.find(({ name }) => name === volume)
  if (!one)
    return groups[0]?.pools.some(({ name }) => name === volume) === true
      ? 'it is a thin pool, which holds volumes and is none'
      : 'there is no logical volume of that name'
  const { uuid, size, isOpen } = one
  const dependents = groups[0]?.volumes.filter(({ origin }) => origin === volume) ?? []
  return { uuid, size, isOpen, dependents: dependents.map(({ address }) => address) }
}

/** Names in one sentence, at most. */
const mostNamed = 5

function dependentProblems(address: string, { isOpen, dependents }: Found): Problem[] {
  if (isOpen)
    return [
      refused(address, 'somebody has it open', 'Stop the machine or program that uses it, and try again.'),
    ]
  if (dependents.length === 0) return []
  const more = dependents.length > mostNamed ? ` and ${dependents.length - mostNamed} more` : ''
  return [
    refused(
      address,
      `it has snapshots or clones: ${dependents.slice(0, mostNamed).join(', ')}${more}`,
      'Remove those first, if nobody needs them.',
    ),
  ]
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
