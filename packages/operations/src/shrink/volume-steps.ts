import type { FilesystemPlace } from '../actions/filesystem-place.ts'
import { measureMinimum } from '../actions/measure-minimum.ts'
import { resizeFilesystem } from '../actions/resize-filesystem.ts'
import type { LinkFacts } from '../chain-change/facts.ts'
import { noEstimate, quick, step, type DraftStep } from '../plans/plan.ts'
import { from, type Wired } from '../plans/wired.ts'
import type { ResizeFacts } from '../resize/facts.ts'
import type { Inside } from '../resize/inside.ts'
import { attachWork, cutStep, detachWork, inPlaceSteps, proofSteps, workSteps } from '../resize/steps.ts'
import {
  closeSteps,
  filesystemDevice,
  groupSteps,
  openSteps,
  unmapSteps,
  volumeOf,
  type Layers,
} from './layers.ts'
import { again, partitionSteps, type FilesystemWay } from './steps.ts'

interface VolumeShrink {
  readonly facts: ResizeFacts
  readonly own: LinkFacts
  readonly choice: FilesystemWay
  readonly inside: Extract<Inside, { readonly kind: 'lvm' | 'luks' }>
  readonly allContents: boolean
}

const size = (field: string) => from('minimum', field)

/**
 * From a filesystem in LVM, LUKS or both down to the file. The volume becomes smaller after its filesystem, the physical volume
 * after that, and LUKS ends where its partition does; each while nothing above it is open.
 */
export function volumeShrinkSteps(shrink: VolumeShrink): DraftStep[] {
  const { facts, own, choice, inside, allContents } = shrink
  const { host } = facts
  const { disk } = choice
  const layers: Layers = { facts, target: choice.target, inside, mark: '' }
  const shrunk = { ...layers, mark: again }
  const place = placeOf(shrink, layers)
  const isSwap = inside.kind === 'lvm' && inside.type === 'swap'
  return [
    ...workSteps(facts, own, disk),
    ...attachWork(facts),
    ...openSteps(layers, { isReadOnly: false, isLooked: true }),
    ...proofSteps({ facts, place, allContents }, 'before'),
    step(measureMinimum, {
      id: 'minimum',
      host,
      input: {
        ...place,
        place: choice.place,
        group: volumeOf(inside) === null ? null : from('extents', 'group'),
        blockSize:
          inside.kind === 'lvm' ? (inside.volume.filesystem?.blockSize ?? null) : from('look', 'blockSize'),
        disk,
      },
      estimate: quick,
    }),
    step(resizeFilesystem, {
      id: 'filesystem',
      host,
      input: { ...place, size: size('filesystem'), swap: isSwap ? swapOf(inside.volume) : null },
      ...(!isSwap && { needs: ['the filesystem is sound'] }),
      estimate: noEstimate,
    }),
    ...unmapSteps(layers),
    ...groupSteps(layers, { filesystem: size('filesystem'), physical: size('physical') }),
    ...closeSteps(layers),
    ...detachWork(facts),
    ...partitionSteps(shrink, size('end')),
    cutStep(facts, disk ?? size('disk')),
    ...(isSwap
      ? []
      : [
          ...attachWork(facts, { mark: again, isReadOnly: true }),
          ...openSteps(shrunk, { isReadOnly: true, isLooked: false }),
          ...proofSteps({ facts, place: placeOf(shrink, shrunk), allContents }, 'after'),
          ...unmapSteps(shrunk),
          ...closeSteps(shrunk),
          ...detachWork(facts, again),
        ]),
    ...inPlaceSteps(facts, own, disk),
  ]
}

type LogicalVolume = Extract<Inside, { readonly kind: 'lvm' }>['volume']

function swapOf({ filesystem }: LogicalVolume) {
  const { uuid = null, label = null, blockSize = null } = filesystem ?? {}
  return uuid === null ? null : { uuid, label, pageSize: blockSize ?? 4096 }
}

function placeOf({ facts, inside }: VolumeShrink, layers: Layers): Wired<FilesystemPlace> {
  return {
    image: facts.image.path,
    ...filesystemDevice(layers),
    type: inside.kind === 'lvm' ? inside.type : from('look', 'kind'),
  }
}
