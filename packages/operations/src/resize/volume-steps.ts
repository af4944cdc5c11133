import { copyVolume } from '../actions/copy-volume.ts'
import { cutVolume } from '../actions/cut-volume.ts'
import { digestImage } from '../actions/digest-image.ts'
import { extendVolume } from '../actions/extend-volume.ts'
import { makeVolume } from '../actions/make-volume.ts'
import { proveVolume } from '../actions/prove-volume.ts'
import { replaceVolume } from '../actions/replace-volume.ts'
import { snapshotVolume } from '../actions/snapshot-volume.ts'
import { writeVolume } from '../actions/write-volume.ts'
import type { LinkFacts } from '../chain-change/facts.ts'
import { quick, readingEstimate, step, type DraftStep } from '../plans/plan.ts'
import { from, type Wired } from '../plans/wired.ts'
import type { FoundVolume, ResizedVolume } from '../volumes/resized.ts'
import type { ResizeFacts } from './facts.ts'

/** A volume whose disk gets another size. */
export interface VolumeWork {
  readonly facts: Pick<ResizeFacts, 'host' | 'work'>
  readonly volume: ResizedVolume
  readonly found: FoundVolume
}

function stagedIn({ facts, volume }: VolumeWork) {
  return { volume: volume.address, staging: facts.work.staging }
}

/** Makes the volume that the work is done on; one that is copied has its length at once. */
export function copySteps(work: VolumeWork, own: LinkFacts, size: number | null): DraftStep[] {
  const { facts, volume, found } = work
  const { host } = facts
  const { way } = found
  const staged = stagedIn(work)
  switch (way.kind) {
    case 'thin':
      return [
        step(copyVolume, {
          id: 'work',
          host,
          input: { ...staged, origin: { volume: volume.address, snapshot: null } },
          needs: ['room in the thin pool for what is written'],
          estimate: quick,
        }),
      ]
    case 'thick': {
      const whole = Math.max(found.size, size ?? found.size)
      return [
        step(makeVolume, {
          id: 'make',
          host,
          input: { ...staged, size: whole, pool: null, sparse: false, blockSize: null },
          needs: ['room in the group for the whole volume'],
          estimate: quick,
        }),
        step(writeVolume, {
          id: 'work',
          host,
          input: {
            ...staged,
            source: { path: own.path, format: own.format, reading: {} },
            inUse: 'refuse',
            pool: null,
            isBlank: false,
          },
          estimate: readingEstimate(whole),
        }),
      ]
    }
    case 'zfs': {
      const name = `varve-before-${facts.work.staging}`
      return [
        step(snapshotVolume, {
          id: 'keep',
          host,
          input: { ...staged, name },
          estimate: quick,
        }),
        step(copyVolume, {
          id: 'work',
          host,
          input: { ...staged, origin: { volume: volume.address, snapshot: name } },
          estimate: quick,
        }),
      ]
    }
  }
}

const isReserved = ({ found: { way } }: VolumeWork) => way.kind === 'zfs' && way.isReserved

/** Gives the work volume its length, unless it was made with it. */
export function extendVolumeSteps(work: VolumeWork, size: number): DraftStep[] {
  if (work.found.way.kind === 'thick') return []
  return [
    step(extendVolume, {
      id: 'extend',
      host: work.facts.host,
      input: { ...stagedIn(work), size, isReserved: isReserved(work) },
      estimate: quick,
    }),
  ]
}

/** Proves that nothing is lost by it, and cuts the work volume. */
export function cutVolumeStep(work: VolumeWork, size: Wired<number>): DraftStep {
  return step(cutVolume, {
    id: 'cut',
    host: work.facts.host,
    input: { ...stagedIn(work), size, unit: work.found.unit, isReserved: isReserved(work) },
    needs: ['nothing lies behind the cut'],
    estimate: quick,
  })
}

/** Proves the work volume and gives it the original's name; the original is kept under another one. */
export function replaceSteps(work: VolumeWork, size: number | null): DraftStep[] {
  const { facts, volume, found } = work
  const { host } = facts
  const staged = stagedIn(work)
  const measured = { digest: from('measure', 'digest'), virtualSize: from('measure', 'virtualSize') }
  const estimate = readingEstimate(size)
  return [
    step(digestImage, {
      id: 'measure',
      host,
      input: {
        image: { path: facts.work.path, format: 'raw', reading: {} },
        inUse: 'refuse',
        sha256: false,
      },
      estimate,
    }),
    step(proveVolume, {
      id: 'prove',
      host,
      input: { ...staged, virtualSize: measured.virtualSize, expected: measured.digest },
      estimate,
    }),
    step(replaceVolume, {
      id: 'replace',
      host,
      input: {
        ...staged,
        kept: volume.kept,
        uuid: found.uuid,
        holds: measured.digest,
        virtualSize: measured.virtualSize,
        copyOf: null,
      },
      needs: ['nobody has the volume open'],
    }),
  ]
}
