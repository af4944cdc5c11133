import type { FilesystemPlace } from '../actions/filesystem-place.ts'
import { findExtents } from '../actions/find-extents.ts'
import { findFilesystem } from '../actions/find-filesystem.ts'
import { mapVolume } from '../actions/map-volume.ts'
import { measureMinimum } from '../actions/measure-minimum.ts'
import { closeLuks, openLuks } from '../actions/open-luks.ts'
import { removeMapping } from '../actions/remove-mapping.ts'
import { resizeFilesystem } from '../actions/resize-filesystem.ts'
import { shrinkPhysical } from '../actions/shrink-physical.ts'
import { shrinkVolume } from '../actions/shrink-volume.ts'
import type { LinkFacts } from '../chain-change/facts.ts'
import { noEstimate, quick, step, type DraftStep } from '../plans/plan.ts'
import { from, type Wired } from '../plans/wired.ts'
import type { ResizeFacts } from '../resize/facts.ts'
import type { Inside } from '../resize/inside.ts'
import {
  attachWork,
  cutStep,
  detachWork,
  inPlaceSteps,
  proofSteps,
  workDeviceOf,
  workSteps,
} from '../resize/steps.ts'
import { again, partitionSteps, type FilesystemWay } from './steps.ts'

interface VolumeShrink {
  readonly facts: ResizeFacts
  readonly own: LinkFacts
  readonly choice: FilesystemWay
  readonly inside: Extract<Inside, { readonly kind: 'lvm' | 'luks' }>
  readonly allContents: boolean
}

const size = (field: string) => from('minimum', field)
const estimate = { bytes: 0, seconds: 5 }

/**
 * From a filesystem in LVM, LUKS or both down to the file. The volume becomes smaller after its filesystem, the physical volume
 * after that, and LUKS ends where its partition does; each while nothing above it is open.
 */
export function volumeShrinkSteps(shrink: VolumeShrink): DraftStep[] {
  const { facts, own, choice, inside, allContents } = shrink
  const { host } = facts
  const { disk } = choice
  const place = placeOf(shrink, '')
  const isSwap = inside.kind === 'lvm' && inside.type === 'swap'
  return [
    ...workSteps(facts, own, disk),
    ...attachWork(facts),
    ...openSteps(shrink, ''),
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
    ...unmapSteps(shrink, ''),
    ...groupSteps(shrink),
    ...closeSteps(shrink, ''),
    ...detachWork(facts),
    ...partitionSteps(shrink, size('end')),
    cutStep(facts, disk ?? size('disk')),
    ...(isSwap
      ? []
      : [
          ...attachWork(facts, { mark: again, isReadOnly: true }),
          ...openSteps(shrink, again),
          ...proofSteps({ facts, place: placeOf(shrink, again), allContents }, 'after'),
          ...unmapSteps(shrink, again),
          ...closeSteps(shrink, again),
          ...detachWork(facts, again),
        ]),
    ...inPlaceSteps(facts, own, disk),
  ]
}

/** The logical volume, by its name; null: there is none. */
function volumeOf({ volume }: VolumeShrink['inside']) {
  return volume && { group: volume.group, name: volume.name }
}

type LogicalVolume = Extract<Inside, { readonly kind: 'lvm' }>['volume']

function swapOf({ filesystem }: LogicalVolume) {
  const { uuid = null, label = null, blockSize = null } = filesystem ?? {}
  return uuid === null ? null : { uuid, label, pageSize: blockSize ?? 4096 }
}

const openedAs = (mark: string) => from(`open${mark}`, 'mapped')
const mappedAs = (mark: string) => from(`map${mark}`, 'mapped')
const attachmentOf = (mark: string) => from(`reserve${mark}`, 'attachment')

function placeOf({ facts, inside }: VolumeShrink, mark: string): Wired<FilesystemPlace> {
  return {
    image: facts.image.path,
    device: volumeOf(inside) === null ? openedAs(mark) : mappedAs(mark),
    partition: null,
    type: inside.kind === 'lvm' ? inside.type : from('look', 'kind'),
  }
}

/** Where the physical volume is: in the partition, or in what is opened of it. */
function physicalAt({ facts, choice, inside }: VolumeShrink, mark: string) {
  const partition = choice.target.partition?.index ?? null
  const isLocked = inside.kind === 'luks'
  return {
    image: facts.image.path,
    device: workDeviceOf(mark),
    partition: isLocked ? null : partition,
    over: isLocked ? openedAs(mark) : null,
  }
}

/** From the device to the filesystem; what is in LUKS is seen only when it is open. */
function openSteps(shrink: VolumeShrink, mark: string): DraftStep[] {
  const { facts, choice, inside } = shrink
  const { host } = facts
  const device = workDeviceOf(mark)
  const attachment = attachmentOf(mark)
  const isReadOnly = mark !== ''
  const volume = volumeOf(inside)
  const at = physicalAt(shrink, mark)
  const locked =
    inside.kind === 'luks'
      ? [
          step(openLuks, {
            id: `open${mark}`,
            host,
            input: { attachment, device, partition: choice.target.partition?.index ?? null, isReadOnly },
            estimate,
          }),
          ...(isReadOnly
            ? []
            : [
                step(findFilesystem, {
                  id: 'look',
                  host,
                  input: {
                    attachment,
                    mapped: openedAs(mark),
                    volume,
                    isWritten: false,
                    isThrowAway: false,
                    isResized: true,
                  },
                  estimate,
                }),
              ]),
        ]
      : []
  if (volume === null) return locked
  return [
    ...locked,
    step(findExtents, { id: `extents${mark}`, host, input: { ...at, volume }, estimate }),
    step(mapVolume, {
      id: `map${mark}`,
      host,
      input: {
        attachment,
        device,
        over: at.over,
        volume,
        isReadOnly,
        pieces: from(`extents${mark}`, 'pieces'),
      },
      estimate,
    }),
  ]
}

/** The volume, and then the physical one; nothing has them open. */
function groupSteps(shrink: VolumeShrink): DraftStep[] {
  const { facts, inside } = shrink
  const { host } = facts
  const volume = volumeOf(inside)
  if (volume === null) return []
  const at = { ...physicalAt(shrink, ''), volume }
  return [
    step(shrinkVolume, {
      id: 'volume',
      host,
      input: { ...at, size: size('filesystem'), physical: size('physical') },
      needs: ['the filesystem ends before'],
      estimate: noEstimate,
    }),
    step(shrinkPhysical, { id: 'physical', host, input: { ...at, size: size('physical') }, estimate }),
  ]
}

function unmapSteps({ facts: { host }, inside }: VolumeShrink, mark: string): DraftStep[] {
  if (volumeOf(inside) === null) return []
  const input = { attachment: attachmentOf(mark), mapped: mappedAs(mark) }
  return [step(removeMapping, { id: `unmap${mark}`, host, input, estimate })]
}

function closeSteps({ facts: { host }, inside }: VolumeShrink, mark: string): DraftStep[] {
  if (inside.kind !== 'luks') return []
  const input = { attachment: attachmentOf(mark), mapped: openedAs(mark) }
  return [step(closeLuks, { id: `close${mark}`, host, input, estimate })]
}
