import { copyFlags } from '../actions/copy-flags.ts'
import { copyGuestFiles } from '../actions/copy-guest-files.ts'
import { discardStaged } from '../actions/discard-staged.ts'
import { makeFilesystem } from '../actions/make-filesystem.ts'
import { proveFilesystem } from '../actions/prove-filesystem.ts'
import { proveImage } from '../actions/prove-image.ts'
import { writeImage } from '../actions/write-image.ts'
import type { LinkFacts } from '../chain-change/facts.ts'
import { quick, readingEstimate, step, type DraftStep } from '../plans/plan.ts'
import { from, type FromStep } from '../plans/wired.ts'
import type { ByFilesFacts, ResizeFacts } from '../resize/facts.ts'
import { isMade } from '../resize/kinds.ts'
import { copyStep, placeSteps } from '../resize/move-steps.ts'
import {
  attachWork,
  cutStep,
  detachWork,
  inPlaceSteps,
  proofSteps,
  workDevice,
  workDeviceOf,
  workSteps,
} from '../resize/steps.ts'
import type { ShrinkChoice } from './choice.ts'
import { again, partitionSteps } from './steps.ts'

export type FilesWay = Extract<ShrinkChoice, { way: 'files' }>

interface ByFiles {
  readonly facts: ResizeFacts
  readonly own: LinkFacts
  readonly choice: FilesWay
}

/** Marks the steps of the time that the smaller disk is written to. */
const anew = '-new'

/**
 * The disk is written once more without the filesystem, which is made anew in a shorter partition; its files are copied from the
 * old one, which is only read. The disk is cut while nothing has it attached, and what is proven then is read anew from the file.
 */
export function byFilesSteps(shrink: ByFiles): DraftStep[] {
  const { facts, own, choice } = shrink
  const { host, byFiles, isPlainRaw } = facts
  const { sizes, target, moves } = choice
  const sectorSize = facts.guest?.table.sectorSize ?? 512
  const { partition, filesystem } = target
  const { recipe = null, xfsVersion = null } = byFiles ?? {}
  const type = filesystem?.type ?? ''
  const uuid = filesystem?.uuid ?? null
  if (byFiles === null || sizes === null || recipe === null || uuid === null || !isMade(type)) return []
  const [old, small] = [sourceOf(facts), { ...facts, work: byFiles.small }]
  const on = (device: FromStep) => ({ device, partition: partition?.index ?? null })
  const place = (device: FromStep) => ({ image: facts.image.path, ...on(device), type })
  const made = place(workDeviceOf(anew))
  const proving = (device: FromStep) => ({ place: place(device), allContents: true, isWhole: true })
  const both = { image: facts.image.path, type, from: on(workDevice), to: on(workDeviceOf(anew)) }
  const estimate = readingEstimate(filesystem?.used ?? null)
  return [
    ...(isPlainRaw ? [] : workSteps(facts, own, null)),
    ...laySteps(shrink, byFiles),
    ...partitionSteps({ facts: small, choice }, sizes.end),
    ...moves.flatMap((move) => [copyStep(small, own, move), ...placeSteps(small, move, sectorSize)]),
    ...attachWork(old, { isReadOnly: true }),
    ...proofSteps({ facts: old, ...proving(workDevice) }, 'before'),
    ...attachWork(small, { mark: anew }),
    step(makeFilesystem, {
      id: 'make',
      host,
      input: {
        ...made,
        uuid,
        size: sizes.filesystem,
        before: filesystem?.size ?? 0,
        recipe,
        version: xfsVersion && [...xfsVersion],
      },
      estimate: quick,
    }),
    step(proveFilesystem, { id: 'like', host, input: { ...made, uuid, recipe }, estimate: quick }),
    step(copyGuestFiles, {
      id: 'copy',
      host,
      input: both,
      needs: ['room for all files in the new filesystem'],
      estimate,
    }),
    step(copyFlags, { id: 'flags', host, input: both, estimate: quick }),
    ...detachWork(small, anew),
    ...detachWork(old),
    ...(isPlainRaw ? [] : [dropStep(facts)]),
    cutStep(small, sizes.disk),
    ...attachWork(small, { mark: again, isReadOnly: true }),
    ...proofSteps({ facts: small, ...proving(workDeviceOf(again)) }, 'after'),
    ...detachWork(small, again),
    ...inPlaceSteps(small, own, sizes.disk),
  ]
}

/** The old filesystem is read from the image itself where that is a disk, else from a copy that is one. */
function sourceOf(facts: ResizeFacts): ResizeFacts {
  const { image, isPlainRaw, work } = facts
  return isPlainRaw ? { ...facts, work: { ...work, path: image.path } } : facts
}

/** All of the disk but the filesystem, as it is, and read back. */
function laySteps({ facts, own, choice }: ByFiles, { small }: ByFilesFacts): DraftStep[] {
  const { host, image } = facts
  const { partition } = choice.target
  const staged = { target: image.path, staging: small.staging, format: 'raw', subformat: null } as const
  const start = partition?.start ?? 0
  const length = partition?.length ?? own.virtualSize ?? 0
  const estimate = readingEstimate(own.virtualSize === null ? null : own.virtualSize - length)
  return [
    step(writeImage, {
      id: 'lay',
      host,
      input: {
        source: {
          path: own.path,
          format: own.format,
          reading: { leftOut: { start, end: start + length } },
        },
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

/** The copy that the files were read from. */
function dropStep({ host, image, work }: ResizeFacts): DraftStep {
  return step(discardStaged, {
    id: 'drop',
    host,
    input: { target: image.path, staging: work.staging, format: 'raw', subformat: null },
    estimate: quick,
  })
}
