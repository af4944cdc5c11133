import type { VolumeAddress } from '@varve/core/image/volume-address'
import { makeVolume } from '../actions/make-volume.ts'
import { nameVolume } from '../actions/name-volume.ts'
import { proveVolume } from '../actions/prove-volume.ts'
import { noEstimate, step, type DraftStep, type Estimate } from '../plans/plan.ts'
import { freshId, from } from '../plans/wired.ts'
import type { VolumeShape, WantedVolume } from './room.ts'

const making = 'make'

/** Makes the volume under a name of its own. */
export function makeStep(
  host: string,
  { volume, pool, sparse }: WantedVolume,
  { size, blockSize }: VolumeShape,
): DraftStep {
  return step(makeVolume, {
    id: making,
    host,
    input: { volume, staging: freshId, size, pool, sparse, blockSize },
  })
}

/** The volume that `makeStep` makes. */
export function madeBy(volume: VolumeAddress) {
  return { volume, staging: from(making, 'staging') }
}

interface Filled {
  readonly host: string
  readonly volume: VolumeAddress
  readonly virtualSize: number
  /** The id of the step that gives the digest of what it holds, or the digest. */
  readonly holds: ReturnType<typeof from> | string
}

/** Reads it back. */
export function proveStep(
  { host, volume, virtualSize, holds }: Filled,
  estimate: Estimate = noEstimate,
): DraftStep {
  return step(proveVolume, {
    id: 'prove',
    host,
    input: { ...madeBy(volume), virtualSize, expected: holds },
    estimate,
  })
}

/** Gives it its name. */
export function nameStep({ host, volume, virtualSize, holds }: Filled): DraftStep {
  return step(nameVolume, { id: 'name', host, input: { ...madeBy(volume), virtualSize, holds } })
}
