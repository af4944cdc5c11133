import { attachVhd } from '../actions/attach-vhd.ts'
import { bringOnline } from '../actions/bring-online.ts'
import { detachVhd } from '../actions/detach-vhd.ts'
import { digestVolume } from '../actions/digest-volume.ts'
import { discardStaged } from '../actions/discard-staged.ts'
import type { ImageAddress } from '../actions/image-address.ts'
import { measurePartition } from '../actions/measure-partition.ts'
import { proveTable } from '../actions/prove-table.ts'
import { resizeByStorage } from '../actions/resize-by-storage.ts'
import { resizeVhd } from '../actions/resize-vhd.ts'
import { scanVolume } from '../actions/scan-volume.ts'
import type { WindowsFilesystem } from '../actions/windows-volume.ts'
import { writeImage } from '../actions/write-image.ts'
import type { Partition } from '@varve/core/guest/guest-contents'
import type { LinkFacts } from '../chain-change/facts.ts'
import { newInPlace } from '../chain-change/steps.ts'
import { quick, readingEstimate, step, type DraftStep } from '../plans/plan.ts'
import { freshId, from, type Wired } from '../plans/wired.ts'
import type { ResizeFacts } from './facts.ts'
import { placesOf } from './targets.ts'

export interface WindowsWork {
  readonly facts: ResizeFacts
  readonly own: LinkFacts
  readonly partition: Partition
  readonly type: WindowsFilesystem
  readonly allContents: boolean
}

interface Growing extends WindowsWork {
  /** Bytes of the disk that is to be. */
  readonly size: number
  /** Byte up to which the partition may reach. */
  readonly end: number
}

/** On a VHDX beside the image, which Windows has as a disk: container, filesystem and partition; then the place of the original. */
export function growOnWindows(work: Growing): DraftStep[] {
  const { facts, own, size, end, partition } = work
  const isLarger = size !== own.virtualSize
  const byHyperV = facts.ways.windows?.by === 'hyper-v'
  return [
    // Without Hyper-V nobody makes a VHDX larger later.
    writeWork(work, isLarger && !byHyperV ? { from: own.virtualSize ?? 0, to: size } : null),
    ...(isLarger && byHyperV ? [extendStep(work, size)] : []),
    ...attachSteps(work),
    ...proofSteps(work, 'before'),
    resizeStep(work, 'grow', end - partition.start),
    ...proofSteps(work, 'after'),
    detachStep(work),
    ...tableStep(work),
    ...inPlace(work, { size, reading: {} }),
  ]
}

interface Shrinking extends WindowsWork {
  /** Bytes of the disk that is to be; null: as few as the filesystem allows. */
  readonly disk: number | null
  /** Bytes behind the partition at the end of the disk. */
  readonly behind: number
}

/** The filesystem with its partition, and then the disk, which is written as far as something lies on it. */
export function shrinkOnWindows(work: Shrinking): DraftStep[] {
  const { facts, partition, disk, behind, type } = work
  return [
    writeWork(work, null),
    ...attachSteps(work),
    ...proofSteps(work, 'before'),
    step(measurePartition, {
      id: 'minimum',
      host: facts.host,
      input: { ...volumeOf(work), type, length: partition.length, behind, disk },
      estimate: quick,
    }),
    resizeStep(work, 'shrink', from('minimum', 'size')),
    ...proofSteps(work, 'after'),
    detachStep(work),
    ...tableStep(work),
    ...inPlace(work, { size: disk, reading: { cutTo: from('minimum', 'disk') } }),
  ]
}

const diskOf = ({ image, attachedWork, work }: ResizeFacts) => ({
  work: (attachedWork ?? work).path,
  name: image.path,
})

const volumeOf = ({ facts, partition: { index, start } }: WindowsWork) => ({
  ...diskOf(facts),
  partition: index,
  start,
})

/** The staged VHDX that the work is done on. */
function workImage({ image, attachedWork, work }: ResizeFacts) {
  const { staging } = attachedWork ?? work
  return { target: image.path, staging, format: 'vhdx', subformat: null } as const
}

type Extended = NonNullable<ImageAddress['reading']['extended']>

function writeWork({ facts, own }: WindowsWork, extended: Extended | null): DraftStep {
  const is4k = facts.guest?.table.sectorSize === 4096
  return step(writeImage, {
    id: 'work',
    host: facts.host,
    input: {
      source: { path: own.path, format: own.format, reading: extended ? { extended } : {} },
      inUse: 'refuse',
      reflink: true,
      image: {
        ...workImage(facts),
        compression: 'none',
        options: {},
        backing: null,
        guest: { logicalSectorSize: is4k ? 4096 : 512 },
      },
    },
    needs: ['room for the data of the disk'],
    estimate: readingEstimate(own.virtualSize),
  })
}

function extendStep({ facts }: WindowsWork, size: number): DraftStep {
  const input = { ...diskOf(facts), size }
  return step(resizeVhd, { id: 'extend', host: facts.host, input, estimate: quick })
}

function attachSteps(work: WindowsWork): DraftStep[] {
  const { facts } = work
  const by = facts.ways.windows?.by ?? 'storage'
  return [
    step(attachVhd, {
      id: 'attach',
      host: facts.host,
      input: { attachment: freshId, image: diskOf(facts).work, by, isReadOnly: false },
      estimate: quick,
    }),
    step(bringOnline, { id: 'online', host: facts.host, input: volumeOf(work), estimate: quick }),
  ]
}

function detachStep({ facts }: WindowsWork): DraftStep {
  const by = facts.ways.windows?.by ?? 'storage'
  return step(detachVhd, {
    id: 'detach',
    host: facts.host,
    // Of whichever attempt of this run.
    input: { image: diskOf(facts).work, by, attachment: null },
    estimate: quick,
  })
}

/** ReFS has no check: it finds what is wrong while it is read. */
function proofSteps(work: WindowsWork, when: 'before' | 'after'): DraftStep[] {
  const { facts, type, allContents } = work
  const { host, image } = facts
  const estimate = readingEstimate(image.virtualSize)
  const input = { ...volumeOf(work), type }
  return [
    ...(type === 'ntfs'
      ? [step(scanVolume, { id: `check-${when}`, host, input: { ...input, when }, estimate })]
      : []),
    step(digestVolume, {
      id: `digest-${when}`,
      host,
      input: {
        ...input,
        allContents,
        expected: when === 'before' ? null : from('digest-before', 'digest'),
      },
      estimate: allContents ? estimate : quick,
    }),
  ]
}

function resizeStep(work: WindowsWork, way: 'grow' | 'shrink', size: Wired<number>): DraftStep {
  return step(resizeByStorage, {
    id: 'filesystem',
    host: work.facts.host,
    input: { ...volumeOf(work), type: work.type, way, size },
    ...(way === 'shrink' && { needs: ['the filesystem is sound'] }),
    estimate: quick,
  })
}

function tableStep(work: WindowsWork): DraftStep[] {
  const { facts, partition } = work
  const { guest, host } = facts
  if (guest === null || (guest.table.kind !== 'gpt' && guest.table.kind !== 'mbr')) return []
  const { kind, id } = guest.table
  const others = placesOf(guest.table).filter(({ index }) => index !== partition.index)
  return [
    step(proveTable, {
      id: 'table',
      host,
      input: {
        ...volumeOf(work),
        kind,
        id,
        size: from('filesystem', 'size'),
        others: others.map(({ start, length }) => ({ start, length })),
      },
      estimate: quick,
    }),
  ]
}

interface InPlace {
  /** Null: not known yet. */
  readonly size: number | null
  readonly reading: { readonly cutTo?: Wired<number> }
}

function inPlace({ facts, own }: WindowsWork, { size, reading }: InPlace): DraftStep[] {
  const { host, image, chain } = facts
  const { work: path } = diskOf(facts)
  return [
    ...newInPlace({
      host,
      source: { ...own, path, format: 'vhdx', subformat: null, virtualSize: size },
      target: own,
      path: image.path,
      backing: chain[1] ?? null,
      isSameDisk: false,
      reading,
    }),
    step(discardStaged, { id: 'clean', host, input: workImage(facts), estimate: quick }),
  ]
}
