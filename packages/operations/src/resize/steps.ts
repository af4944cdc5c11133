import type { Wired } from '../plans/wired.ts'
import { checkFilesystem } from '../actions/check-filesystem.ts'
import { cutImage } from '../actions/cut-image.ts'
import { detachLoop } from '../actions/detach-loop.ts'
import { digestFiles } from '../actions/digest-files.ts'
import { digestImage } from '../actions/digest-image.ts'
import { discardStaged } from '../actions/discard-staged.ts'
import { extendImage } from '../actions/extend-image.ts'
import { ResizedType, type FilesystemPlace } from '../actions/filesystem-place.ts'
import { forgetAttachment } from '../actions/forget-attachment.ts'
import { proveImage } from '../actions/prove-image.ts'
import { replaceImage } from '../actions/replace-image.ts'
import { writeImage } from '../actions/write-image.ts'
import { attachSteps } from '../attach/steps.ts'
import type { LinkFacts } from '../chain-change/facts.ts'
import { newInPlace } from '../chain-change/steps.ts'
import { quick, readingEstimate, step, type DraftStep } from '../plans/plan.ts'
import { freshId, from } from '../plans/wired.ts'
import type { ResizeFacts } from './facts.ts'
import { resizedKind, type ResizedKind } from './kinds.ts'
import { copySteps, cutVolumeStep, extendVolumeSteps, replaceSteps, type VolumeWork } from './volume-steps.ts'
import { volumeOfResize } from './volume.ts'

const reserved = (field: string, mark = '') => from(`reserve${mark}`, field)

/** The staged raw image that the work is done on. */
function workImage({ image, work }: ResizeFacts) {
  return { target: image.path, staging: work.staging, format: 'raw', subformat: null } as const
}

/** The volume that the work is done on; null: it is a file. */
function volumeWork(facts: ResizeFacts): VolumeWork | null {
  const found = volumeOfResize(facts)
  return facts.volume && found && { facts, volume: facts.volume, found }
}

/** Writes the disk as a hidden raw file beside the image, or copies a volume; `size`: what the disk is to have, null: not known yet. */
export function workSteps(facts: ResizeFacts, own: LinkFacts, size: number | null): DraftStep[] {
  const volume = volumeWork(facts)
  if (volume) return copySteps(volume, own, size)
  return [
    step(writeImage, {
      id: 'work',
      host: facts.host,
      input: {
        source: { path: own.path, format: own.format, reading: {} },
        inUse: 'refuse',
        reflink: true,
        image: { ...workImage(facts), compression: 'none', options: {}, backing: null, guest: {} },
      },
      needs: ['room for the data of the disk, unless the filesystem shares blocks'],
      estimate: readingEstimate(own.virtualSize),
    }),
  ]
}

/** Gives what the work is done on more length. */
export function extendSteps(facts: ResizeFacts, size: number): DraftStep[] {
  const volume = volumeWork(facts)
  if (volume) return extendVolumeSteps(volume, size)
  const { host, image, work } = facts
  return [
    step(extendImage, {
      id: 'extend',
      host,
      input: { work: work.path, size, name: image.path },
      estimate: quick,
    }),
  ]
}

/** Proves that nothing is lost by it, and cuts what the work is done on. */
export function cutStep(facts: ResizeFacts, size: Wired<number>): DraftStep {
  const volume = volumeWork(facts)
  if (volume) return cutVolumeStep(volume, size)
  const { host, image, work } = facts
  return step(cutImage, {
    id: 'cut',
    host,
    input: { work: work.path, size, name: image.path },
    needs: ['nothing lies behind the cut'],
    estimate: quick,
  })
}

interface Attaching {
  /** Put behind the ids where it is attached a second time. */
  readonly mark?: string
  readonly isReadOnly?: boolean
}

/** The sectors of the table, where they are not of 512 bytes. */
export function sectorsOf({ guest }: ResizeFacts): { readonly sectorSize?: 4096 } {
  return guest?.table.sectorSize === 4096 ? { sectorSize: 4096 } : {}
}

/** Makes the work image a device, which is written to unless it is said otherwise. */
export function attachWork(
  { host, ways, work, image, guest }: ResizeFacts,
  { mark = '', isReadOnly = false }: Attaching = {},
): DraftStep[] {
  const address = { path: work.path, format: 'raw', reading: {} } as const
  const facts = {
    host,
    ways,
    image: work.path,
    format: 'raw',
    virtualSize: image.virtualSize,
    isPlainRaw: true,
    sectorSize: guest?.table.sectorSize === 4096 ? 4096 : 512,
    volumes: [],
    problems: [],
    files: null,
    already: null,
  } as const
  return attachSteps({
    facts,
    request: { image: address, inUse: 'refuse' },
    wanted: { isWritten: !isReadOnly, isThrowAway: false },
    way: 'loop',
    purpose: 'attach',
    mark,
  })
}

export function detachWork({ host, work }: ResizeFacts, mark = ''): DraftStep[] {
  const attachment = reserved('attachment', mark)
  return [
    step(detachLoop, {
      id: `detach${mark}`,
      host,
      input: { attachment, image: work.path, device: reserved('device', mark) },
      estimate: quick,
    }),
    step(forgetAttachment, { id: `forget${mark}`, host, input: { attachment }, estimate: quick }),
  ]
}

/** The device of the attached work image. */
export const workDevice = reserved('device')
export const workDeviceOf = (mark: string) => reserved('device', mark)

interface Proving {
  readonly facts: ResizeFacts
  /** Where the filesystem lies. */
  readonly place: Wired<FilesystemPlace>
  readonly allContents: boolean
  /** Whether folders must have the times, and files the flags, that they had. */
  readonly isWhole?: boolean
}

/** Checks a filesystem and digests its files; `after` the digest must be the one from before. */
export function proofSteps(
  { facts, place, allContents, isWhole = false }: Proving,
  when: 'before' | 'after',
): DraftStep[] {
  const { host, image } = facts
  const { check, hasFiles } = provenOf(place)
  const estimate = readingEstimate(image.virtualSize)
  return [
    ...(check === null
      ? []
      : [step(checkFilesystem, { id: `check-${when}`, host, input: { ...place, when }, estimate })]),
    ...(hasFiles
      ? [
          step(digestFiles, {
            id: `digest-${when}`,
            host,
            input: {
              ...place,
              allContents,
              ...(isWhole && { isWhole: true as const }),
              expected: when === 'before' ? null : from('digest-before', 'digest'),
            },
            estimate: allContents ? estimate : quick,
          }),
        ]
      : []),
  ]
}

/** What is known only when it is open has files, and is checked. */
function provenOf(place: Wired<FilesystemPlace>): Pick<ResizedKind, 'check' | 'hasFiles'> {
  const known = ResizedType.safeParse('type' in place ? place.type : null)
  return known.success ? resizedKind(known.data) : { check: 'filesystem', hasFiles: true }
}

/** Gives the disk of the work image, in the original's format, the original's name; the original is kept. */
export function inPlaceSteps(facts: ResizeFacts, own: LinkFacts, size: number | null): DraftStep[] {
  const { host, image, work, isPlainRaw, chain } = facts
  const volume = volumeWork(facts)
  if (volume) return replaceSteps(volume, size)
  const done: LinkFacts = { ...own, path: work.path, format: 'raw', subformat: null, virtualSize: size }
  const staged = workImage(facts)
  if (!isPlainRaw)
    return [
      ...newInPlace({
        host,
        source: done,
        target: own,
        path: image.path,
        backing: chain[1] ?? null,
        isSameDisk: false,
      }),
      step(discardStaged, { id: 'clean', host, input: staged, estimate: quick }),
    ]
  return [
    step(digestImage, {
      id: 'measure',
      host,
      input: {
        image: { path: work.path, format: 'raw', reading: {} },
        inUse: 'refuse',
        sha256: false,
      },
      estimate: readingEstimate(size),
    }),
    step(proveImage, {
      id: 'prove',
      host,
      input: { image: staged, expected: from('measure', 'digest'), durability: 'synced' },
      estimate: readingEstimate(size),
    }),
    step(replaceImage, {
      id: 'replace',
      host,
      input: { image: staged, quarantine: freshId },
      needs: ['nobody has the image open'],
    }),
  ]
}
