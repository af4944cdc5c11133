import type { Durability, Staged } from '../actions/new-image.ts'
import { proveImage } from '../actions/prove-image.ts'
import { publishImage } from '../actions/publish-image.ts'
import type { z } from 'zod'
import { noEstimate, step, type DraftStep, type Estimate } from './plan.ts'
import { from, type FromStep } from './wired.ts'

/** An image that an earlier step has staged. */
export interface StagedByStep {
  readonly host: string
  /** The id of the step whose outcome is `Written`. */
  readonly by: string
  readonly image: Omit<Staged, 'staging'>
  readonly durability?: z.infer<typeof Durability>
  /** Put behind the ids of the steps, where a plan has several images. */
  readonly mark?: string
}

/** Reads a staged image back and compares its digest with that of what was written, or with what it is known to be. */
export function proofStep(
  { host, by, image, durability = 'synced', mark = '' }: StagedByStep,
  estimate: Estimate = noEstimate,
  expected: string | FromStep | null = null,
): DraftStep {
  const { target, format, subformat } = image
  const staged = { target, format, subformat, staging: from(by, 'staging') }
  return step(proveImage, {
    id: `prove${mark}`,
    host,
    input: { image: staged, expected: expected ?? from(by, 'digest'), durability },
    estimate,
  })
}

/** Gives a staged image its name. */
export function publishStep({ host, by, image, durability = 'synced', mark = '' }: StagedByStep): DraftStep {
  const { target, format, subformat } = image
  return step(publishImage, {
    id: `publish${mark}`,
    host,
    input: { target, format, subformat, staging: from(by, 'staging'), file: from(by, 'file'), durability },
  })
}
