import { volumeAddress, type VolumeAddress } from '@varve/core/image/volume-address'
import { isBlocking, type Problem } from '@varve/core/problems/problem'
import type { Uses } from '@varve/core/problems/use'
import { formatBytes } from '@varve/core/units/format-bytes'
import { copyVolume } from '../actions/copy-volume.ts'
import { digestImage } from '../actions/digest-image.ts'
import { replaceVolume } from '../actions/replace-volume.ts'
import { stagedDevice } from '../actions/volume-name.ts'
import { isSnapshotName } from '../actions/volume-snapshot.ts'
import { useProblems } from '../image-files-problems.ts'
import { defineOperation } from '../operation.ts'
import { inOrder, quick, readingEstimate, refusalOf, step, wholeEstimate } from '../plans/plan.ts'
import { from } from '../plans/wired.ts'
import { hostProblems, refused, volumeOf } from '../volumes/host-problems.ts'
import {
  copyProblems,
  findVolumeToResize,
  isKeptOf,
  keptRemarks,
  sparseThen,
  usedOnce,
  type FoundVolume,
  type ResizedVolume,
} from '../volumes/resized.ts'
import { ApplyVolumeSnapshotRequest } from './request.ts'

export interface ApplyVolumeSnapshotFacts extends Omit<ResizedVolume, 'address' | 'kept'> {
  /** The name under which the present state is to be kept; null: the request names no volume. */
  readonly kept: VolumeAddress | null
  /** Names what is made until it has its name. */
  readonly staging: string
  /** Who uses the volume or the snapshot. */
  readonly uses: Uses
}

/** `varve snapshot apply` of a volume: a copy of the snapshot, which shares its blocks, takes the volume's name. */
export const applyVolumeSnapshot = defineOperation<ApplyVolumeSnapshotRequest, ApplyVolumeSnapshotFacts>({
  name: 'apply-volume-snapshot',
  request: ApplyVolumeSnapshotRequest,
  paths: [],
  plan({ volume: given, name }, facts) {
    const refusal = refusalOf('apply-volume-snapshot')
    const address = volumeOf(given)
    if ('severity' in address) return refusal([address])
    const unable = hostProblems(given, facts)
    const { kept, host, staging } = facts
    if (unable.some(isBlocking) || kept === null) return refusal(unable)
    const volume = { ...facts, address, kept }
    const found = findVolumeToResize(volume)
    if ('problem' in found) return refusal([found.problem])
    const snapshot = findSnapshot(volume, found, name)
    if ('problem' in snapshot) return refusal([snapshot.problem])
    const { size } = snapshot
    const problems = usedOnce([
      ...useProblems(facts),
      ...copyProblems(volume, { size, written: 0 }),
      ...snapshot.remarks,
    ])
    if (problems.some(isBlocking)) return refusal(problems.filter(isBlocking))
    const isLvm = address.kind === 'lvm'
    const ofLvm = { ...address, volume: name }
    const steps = inOrder([
      step(copyVolume, {
        id: 'work',
        host,
        input: {
          volume: address,
          staging,
          origin: isLvm ? { volume: ofLvm, snapshot: null } : { volume: address, snapshot: name },
        },
        estimate: quick,
      }),
      // A snapshot of ZFS has no device that it could be compared with when it is undone.
      ...(isLvm
        ? []
        : [
            step(digestImage, {
              id: 'measure',
              host,
              input: {
                image: { path: stagedDevice({ volume: address, staging }), format: 'raw', reading: {} },
                inUse: 'refuse',
                sha256: false,
              },
              estimate: readingEstimate(size),
            }),
          ]),
      step(replaceVolume, {
        id: 'replace',
        host,
        input: {
          volume: address,
          staging,
          kept,
          uuid: found.uuid,
          holds: isLvm ? null : from('measure', 'digest'),
          virtualSize: size,
          copyOf: isLvm ? ofLvm : null,
        },
        needs: ['nobody has the volume open'],
        estimate: quick,
      }),
    ])
    return {
      kind: 'plan',
      operation: 'apply-volume-snapshot',
      summary: `Take ${given} back to its snapshot ${name}; its present state is kept as ${volumeAddress(kept)}`,
      steps,
      warnings: [...problems, ...sizeRemark(given, found, size), ...keptRemarks(volume, found)],
      subjects: [{ host, path: given }],
      estimate: wholeEstimate(steps),
    }
  },
})

type Snapshot =
  { readonly size: number; readonly remarks: readonly Problem[] } | { readonly problem: Problem }

function findSnapshot(volume: ResizedVolume, found: FoundVolume, name: string): Snapshot {
  const { address, places } = volume
  const file = volumeAddress(address)
  const stop = (reason: string, remedy = 'See what there is: varve places.') => ({
    problem: refused(file, reason, remedy),
  })
  if (!isSnapshotName(address.kind, name)) return stop(`no snapshot can be called ${JSON.stringify(name)}`)
  if (found.way.kind === 'thick')
    return stop(
      'it is not thin: a snapshot of it has room of its own, and is lost when that is full',
      'Copy such a snapshot into another volume: varve convert.',
    )
  if (address.kind === 'zfs') {
    const pool = places?.zpools.find((one) => one.name === address.group)
    const snapshot = pool?.snapshots.find((one) => one.name === `${address.group}/${address.volume}@${name}`)
    if (!snapshot) return stop('there is no snapshot of that name')
    return { size: snapshot.size ?? found.size, remarks: sparseThen(volume, found) }
  }
  const group = places?.groups.find((one) => one.name === address.group)
  const snapshot = group?.volumes.find((one) => one.name === name)
  if (!snapshot || name === address.volume) return stop('there is no snapshot of that name')
  if (snapshot.kind !== 'thin') return stop(`${snapshot.address} is no thin volume, and no snapshot of it`)
  if (snapshot.isOpen)
    return stop(
      `somebody has ${snapshot.address} open`,
      'Stop the machine or program that uses it, and try again.',
    )
  return {
    size: snapshot.size,
    remarks: isOwn(address, snapshot.origin) ? [] : [ofAnother(volume, snapshot)],
  }
}

/** Of itself, or of one that had its name before. */
function isOwn({ volume }: VolumeAddress, origin: string | null): boolean {
  return origin !== null && (origin === volume || isKeptOf(volume, origin))
}

function ofAnother(
  { address }: ResizedVolume,
  { address: snapshot, origin }: { readonly address: string; readonly origin: string | null },
): Problem {
  const file = volumeAddress(address)
  return {
    id: 'snapshot-of-another',
    severity: 'warn',
    asks: true,
    layer: 'L1',
    file,
    message: `LVM does not know ${snapshot} as a snapshot of ${file}: ${origin === null ? 'it is of none that is still there' : `it is one of lvm:${address.group}/${origin}`}.`,
    remedy: `See what it holds first: varve info ${snapshot}`,
  }
}

function sizeRemark(file: string, { size: now }: FoundVolume, size: number): Problem[] {
  if (size === now) return []
  return [
    {
      id: 'size-then',
      severity: 'info',
      layer: 'L1',
      file,
      message: `Its disk had ${formatBytes(size)} then, and has ${formatBytes(now)} now.`,
      remedy: 'Nothing is to be done.',
    },
  ]
}
