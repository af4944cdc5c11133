import type { FilesystemRecipe } from '@varve/core/filesystems/filesystem-recipe'
import type { ActionInput } from '../actions/action-table.ts'
import { copyFlags } from '../actions/copy-flags.ts'
import { copyGuestFiles } from '../actions/copy-guest-files.ts'
import { discardStaged } from '../actions/discard-staged.ts'
import type { MadeType } from '../actions/filesystem-place.ts'
import { makeFilesystem } from '../actions/make-filesystem.ts'
import { measureFiles } from '../actions/measure-files.ts'
import { proveFilesystem } from '../actions/prove-filesystem.ts'
import { proveImage } from '../actions/prove-image.ts'
import { writeImage } from '../actions/write-image.ts'
import type { VolumeThere } from '../attach/facts.ts'
import type { LinkFacts } from '../chain-change/facts.ts'
import { quick, readingEstimate, step, type DraftStep } from '../plans/plan.ts'
import { from, type FromStep, type Wired } from '../plans/wired.ts'
import type { ByFilesFacts, ResizeFacts } from '../resize/facts.ts'
import { isMade } from '../resize/kinds.ts'
import { copyStep, placeSteps } from '../resize/move-steps.ts'
import { attachWork, cutStep, detachWork, inPlaceSteps, proofSteps, workSteps } from '../resize/steps.ts'
import type { ShrinkChoice } from './choice.ts'
import {
  closeSteps,
  filesystemDevice,
  groupSteps,
  openSteps,
  unmapSteps,
  volumeOf,
  type Layers,
  type Reached,
} from './layers.ts'
import { again, partitionSteps } from './steps.ts'

export type FilesWay = Extract<ShrinkChoice, { way: 'files' }>

interface ByFiles {
  readonly facts: ResizeFacts
  readonly byFiles: ByFilesFacts
  readonly own: LinkFacts
  readonly choice: FilesWay
  readonly inside: Reached
  /** The old filesystem and the new one, each as it is reached; their marks are those of their attachments. */
  readonly old: Layers
  readonly made: Layers
}

/** Marks the steps of the time that the smaller disk is written to. */
const anew = '-new'

/**
 * The disk is written once more without the filesystem, which is made anew in a shorter partition; its files are copied from the
 * old one, which is only read. In LVM the volume, its group and the partition become shorter after that. The disk is cut while
 * nothing has it attached, and what is proven then is read anew from the file.
 */
export function byFilesSteps(shrink: Pick<ByFiles, 'facts' | 'own' | 'choice'>): DraftStep[] {
  const { facts, own, choice } = shrink
  const { byFiles, isPlainRaw } = facts
  const { target, inside, disk } = choice
  if (byFiles === null || inside.kind === 'refused') return []
  const old: Layers = { facts: sourceOf(facts), target, inside, mark: '' }
  const made: Layers = { facts: { ...facts, work: byFiles.small }, target, inside, mark: anew }
  const then = { ...made, mark: again }
  const whole: ByFiles = { ...shrink, byFiles, inside, old, made }
  const wishes = wishesOf(whole)
  if (wishes === null) return []
  const { type, sizes } = wishes
  const shorter = shorterSteps(whole, sizes.end)
  const isPlain = inside.kind === 'plain'
  // What speaks against it in LUKS is known only when that is open.
  const isLaidLater = inside.kind === 'luks'
  const proving = (layers: Layers) => ({
    facts: layers.facts,
    place: { image: facts.image.path, ...filesystemDevice(layers), type },
    allContents: true,
    isWhole: true,
  })
  return [
    ...(isPlainRaw ? [] : workSteps(facts, own, null)),
    ...(isLaidLater ? [] : laySteps(whole)),
    ...(isPlain ? shorter : []),
    ...attachWork(old.facts, { isReadOnly: true }),
    ...openSteps(old, { isReadOnly: true, isLooked: true }),
    ...(isLaidLater ? [measureStep(whole)] : []),
    ...proofSteps(proving(old), 'before'),
    ...(isLaidLater ? laySteps(whole) : []),
    ...attachWork(made.facts, { mark: anew }),
    ...openSteps(made, { isReadOnly: false, isLooked: false }),
    ...copySteps(whole, wishes),
    ...unmapSteps(made),
    ...(sizes.physical === null ? [] : groupSteps(made, { ...sizes, physical: sizes.physical })),
    ...closeSteps(made),
    ...detachWork(made.facts, anew),
    ...unmapSteps(old),
    ...closeSteps(old),
    ...detachWork(old.facts),
    ...(isPlainRaw ? [] : [dropStep(facts)]),
    ...(isPlain ? [] : shorter),
    cutStep(made.facts, sizes.disk),
    ...attachWork(then.facts, { mark: again, isReadOnly: true }),
    ...openSteps(then, { isReadOnly: true, isLooked: false }),
    ...proofSteps(proving(then), 'after'),
    ...unmapSteps(then),
    ...closeSteps(then),
    ...detachWork(then.facts, again),
    ...inPlaceSteps(made.facts, own, disk),
  ]
}

/** What is made: known before, or said by the step that reads how the old one was made. */
interface Wishes {
  readonly type: Wired<MadeType>
  readonly uuid: Wired<string>
  /** Bytes of the old one. */
  readonly before: Wired<number>
  readonly recipe: Wired<FilesystemRecipe>
  readonly version: ActionInput<'make-filesystem'>['version'] | FromStep
  readonly sizes: {
    readonly filesystem: Wired<number>
    readonly physical: Wired<number> | null
    readonly end: Wired<number>
    readonly disk: Wired<number>
  }
}

const measured = (field: string) => from('measure-files', field)

/** Null: nobody could make it, which is refused before. */
function wishesOf({ byFiles, choice, inside }: ByFiles): Wishes | null {
  const { filesystem, sizes, disk } = choice
  if (inside.kind === 'luks')
    return {
      type: from('look', 'kind'),
      uuid: measured('uuid'),
      before: measured('before'),
      recipe: measured('recipe'),
      version: measured('version'),
      sizes: {
        filesystem: measured('filesystem'),
        physical: inside.volume === null ? null : measured('physical'),
        end: measured('end'),
        disk: disk ?? measured('disk'),
      },
    }
  const { recipe, xfsVersion } = byFiles
  const type = filesystem?.type ?? ''
  const uuid = filesystem?.uuid ?? null
  if (sizes === null || recipe === null || uuid === null || !isMade(type)) return null
  const version = xfsVersion && ([...xfsVersion] as [number, number])
  return { type, uuid, before: filesystem?.size ?? 0, recipe, version, sizes }
}

/** Where nothing says it before: how the old filesystem was made, and what of the smaller disk it gets. */
function measureStep({ facts, choice, inside, old }: ByFiles): DraftStep {
  const { place, disk } = choice
  return step(measureFiles, {
    id: 'measure-files',
    host: facts.host,
    input: {
      image: facts.image.path,
      ...filesystemDevice(old),
      type: from('look', 'kind'),
      place,
      group: volumeOf(inside) === null ? null : from('extents', 'group'),
      disk,
    },
    estimate: quick,
  })
}

/** The new filesystem, and what is in it. */
function copySteps({ facts, choice, old, made }: ByFiles, wishes: Wishes): DraftStep[] {
  const { host, image } = facts
  const { type, uuid, before, recipe, version, sizes } = wishes
  const place = { image: image.path, ...filesystemDevice(made), type }
  const both = { image: image.path, type, from: filesystemDevice(old), to: filesystemDevice(made) }
  return [
    step(makeFilesystem, {
      id: 'make',
      host,
      input: { ...place, uuid, size: sizes.filesystem, before, recipe, version },
      estimate: quick,
    }),
    step(proveFilesystem, { id: 'like', host, input: { ...place, uuid, recipe }, estimate: quick }),
    step(copyGuestFiles, {
      id: 'copy',
      host,
      input: both,
      needs: ['room for all files in the new filesystem'],
      estimate: readingEstimate(choice.filesystem?.used ?? null),
    }),
    step(copyFlags, { id: 'flags', host, input: both, estimate: quick }),
  ]
}

/** The partition ends before, and what lies behind it follows. */
function shorterSteps({ facts, own, choice, made }: ByFiles, end: Wired<number>): DraftStep[] {
  const sectorSize = facts.guest?.table.sectorSize ?? 512
  return [
    ...partitionSteps({ facts: made.facts, choice }, end),
    ...choice.moves.flatMap((move) => [
      copyStep(made.facts, own, move),
      ...placeSteps(made.facts, move, sectorSize),
    ]),
  ]
}

/** The old filesystem is read from the image itself where that is a disk, else from a copy that is one. */
function sourceOf(facts: ResizeFacts): ResizeFacts {
  const { image, isPlainRaw, work } = facts
  return isPlainRaw ? { ...facts, work: { ...work, path: image.path } } : facts
}

/** All of the disk but the filesystem, as it is, and read back. */
function laySteps({ facts, byFiles: { small }, own, choice }: ByFiles): DraftStep[] {
  const { host, image } = facts
  const staged = { target: image.path, staging: small.staging, format: 'raw', subformat: null } as const
  const leftOut = leftOutOf(choice, own.virtualSize ?? 0)
  const without = leftOut === null ? 0 : leftOut.end - leftOut.start
  const estimate = readingEstimate(own.virtualSize === null ? null : own.virtualSize - without)
  return [
    step(writeImage, {
      id: 'lay',
      host,
      input: {
        source: { path: own.path, format: own.format, reading: leftOut === null ? {} : { leftOut } },
        inUse: 'refuse',
        reflink: true,
        image: { ...staged, compression: 'none', options: {}, backing: null, guest: {} },
      },
      needs: ['room for the files and for what lies beside their filesystem'],
      estimate,
    }),
    step(proveImage, {
      id: 'laid',
      host,
      input: { image: staged, expected: from('lay', 'digest'), durability: 'cached' },
      estimate,
    }),
  ]
}

/** The bytes of the disk that only the old filesystem has, as far as they are one run; null: nobody knows where they are. */
function leftOutOf({ target, inside, place }: FilesWay, size: number): Run | null {
  const start = target.partition?.start ?? 0
  const end = start + (target.partition?.length ?? size)
  switch (inside.kind) {
    case 'plain':
      return { start, end }
    case 'lvm':
      return largestRun(inside.volume, start)
    case 'luks':
      return inside.volume === null && place.header !== undefined
        ? { start: start + place.header, end }
        : null
    case 'refused':
      return null
  }
}

interface Run {
  readonly start: number
  readonly end: number
}

function largestRun({ pieces }: VolumeThere, physical: number): Run | null {
  const runs = (pieces ?? []).flatMap(({ size, stripes: [stripe] }) =>
    stripe ? [{ start: physical + stripe.at, end: physical + stripe.at + size }] : [],
  )
  return runs.toSorted((one, other) => other.end - other.start - (one.end - one.start))[0] ?? null
}

/** The copy that the files were read from. */
function dropStep({ host, image, work }: ResizeFacts): DraftStep {
  return step(discardStaged, {
    id: 'drop',
    host,
    input: { target: image.path, staging: work.staging, format: 'raw', subformat: null },
    estimate: quick,
  })
}
