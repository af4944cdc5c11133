import type { VolumeAddress } from '@varve/core/image/volume-address'
import { isBlocking, type Problem } from '@varve/core/problems/problem'
import type { Uses } from '@varve/core/problems/use'
import { usesProblems } from '@varve/core/uses/use-problems'
import type { PlacesView } from '@varve/protocol/places'
import { snapshotVolume as snapshotAction } from '../actions/snapshot-volume.ts'
import { isSnapshotName, snapshotAddress } from '../actions/volume-snapshot.ts'
import { defineOperation } from '../operation.ts'
import { inOrder, noEstimate, refusalOf, step } from '../plans/plan.ts'
import { freshId } from '../plans/wired.ts'
import type { VolumeFacts } from '../volumes/facts.ts'
import { hostProblems, refused, volumeOf } from '../volumes/host-problems.ts'
import { poolProblems } from '../volumes/room.ts'
import { SnapshotVolumeRequest } from './request.ts'

export interface SnapshotVolumeFacts extends VolumeFacts {
  /** Who writes to its device. */
  readonly uses: Uses
}

/** `varve snapshot create` of a volume: LVM-thin or ZFS keep the state. */
export const snapshotVolume = defineOperation<SnapshotVolumeRequest, SnapshotVolumeFacts>({
  name: 'snapshot-volume',
  request: SnapshotVolumeRequest,
  paths: [],
  plan({ volume: address, name }, facts) {
    const refusal = refusalOf('snapshot-volume')
    const volume = volumeOf(address)
    if ('severity' in volume) return refusal([volume])
    if (!isSnapshotName(volume.kind, name))
      return refusal([
        refused(
          address,
          `no snapshot can be called ${JSON.stringify(name)}`,
          'Take letters, digits and . _ - only.',
        ),
      ])
    const unable = hostProblems(address, facts)
    if (unable.some(isBlocking) || facts.places === null) return refusal(unable)
    const problems = volumeProblems(volume, name, facts.places)
    if (problems.length > 0) return refusal(problems)
    const { host, uses } = facts
    return {
      kind: 'plan',
      operation: 'snapshot-volume',
      summary: `Keep the present state of ${address} as ${snapshotAddress({ volume, name })}`,
      steps: inOrder([
        step(snapshotAction, { id: 'snapshot', host, input: { volume, name, staging: freshId } }),
      ]),
      warnings: usesProblems(uses).map(whileUsed),
      subjects: [{ host, path: address }],
      estimate: noEstimate,
    }
  },
})

/** Volumes can be kept while they are written to, which files cannot. */
function whileUsed(problem: Problem): Problem {
  if (problem.id !== 'in-use') return problem
  return {
    ...problem,
    asks: true,
    remedy:
      'The snapshot holds what a guest finds after its power was cut. Stop the machine, or freeze its filesystems, for more than that.',
  }
}

function volumeProblems(volume: VolumeAddress, name: string, places: PlacesView): Problem[] {
  const file = snapshotAddress({ volume, name })
  const stop = (reason: string, remedy = 'See what there is: varve places.') => [
    refused(file, reason, remedy),
  ]
  if (volume.kind === 'zfs') {
    const pool = places.zpools.find((one) => one.name === volume.group)
    const dataset = `${volume.group}/${volume.volume}`
    if (!pool || !pool.volumes.some((one) => one.name === dataset))
      return stop('there is no ZFS volume of that name')
    if (pool.readOnly || !['ONLINE', 'DEGRADED'].includes(pool.health))
      return stop(
        `the pool is ${pool.readOnly ? 'imported read-only' : pool.health}`,
        'Mend it first; see zpool status.',
      )
    return pool.snapshots.some((one) => one.name === `${dataset}@${name}`)
      ? stop('there is a snapshot of that name already', 'Choose another name.')
      : []
  }
  const groups = places.groups.filter((one) => one.name === volume.group)
  if (groups.length > 1) return stop(`${groups.length} volume groups have the name ${volume.group}`)
  const one = groups[0]?.volumes.find((known) => known.name === volume.volume)
  if (!groups[0] || !one) return stop('there is no logical volume of that name')
  const pool = groups[0].pools.find((known) => known.name === one.pool)
  if (!pool)
    return stop(
      'it is not thin: a snapshot of it has room of its own, and is lost when that is full',
      'Copy it (varve convert), or make such a snapshot by hand: lvcreate --snapshot --size.',
    )
  if ([...groups[0].volumes, ...groups[0].pools].some((known) => known.name === name))
    return stop('there is a volume of that name already', 'Choose another name.')
  return poolProblems(file, pool, { dataBytes: 0, size: one.size })
}
