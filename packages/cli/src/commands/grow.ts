import { countOf, formatBytes } from '@varve/core/units/format-bytes'
import type { Action } from '@varve/operations/actions/action'
import { digestFiles } from '@varve/operations/actions/digest-files'
import { proveImage } from '@varve/operations/actions/prove-image'
import { replaceImage } from '@varve/operations/actions/replace-image'
import { resizeFilesystem } from '@varve/operations/actions/resize-filesystem'
import { resizePartition } from '@varve/operations/actions/resize-partition'
import { writeImage } from '@varve/operations/actions/write-image'
import { newestAttempt, outcomeOf, type RunState } from '@varve/operations/runs/run-state'
import { UsageError, type Outcome, type RunContext } from '../command.ts'
import type { GrownSize } from '../grammar/grown-size.ts'
import { placeOf } from '../input.ts'
import { operate, type OperateOptions } from '../operations/operate.ts'
import { isPlanAsked } from '../operations/wish.ts'
import { secretFrom } from '../secret-input.ts'

export interface GrowOptions extends OperateOptions {
  readonly to: GrownSize
  readonly partition?: number | 'none'
  readonly volume?: { readonly group: string; readonly name: string }
  /** Standard input is the passphrase of its LUKS. */
  readonly luks?: boolean
  /** Standard input is the key file of its LUKS. */
  readonly luksKey?: boolean
  /** Compare the contents of all files. */
  readonly contents?: boolean
}

/** `varve grow IMAGE --to SIZE`. */
export async function grow(image: string, options: GrowOptions, context: RunContext): Outcome {
  const { to, partition, volume, luks = false, luksKey = false, contents } = options
  if (luks && luksKey)
    throw new UsageError(
      'Standard input is either a passphrase or a key file: leave --luks or --luks-key out.',
    )
  const isLuks = luks || luksKey
  const request = {
    image: placeOf(image, options),
    ...to,
    partition: partition ?? null,
    volume: volume ?? null,
    isLuks,
    allContents: contents === true,
  }
  return await operate(
    {
      operation: 'grow',
      request,
      isAsked: true,
      ...(isLuks &&
        !isPlanAsked(options) && { secret: await secretFrom(process.stdin, luks ? 'passphrase' : 'key') }),
      told: toldOf,
      record: recordOf,
    },
    options,
    context,
  )
}

/** What was grown, and what was proven of it. */
function recordOf(state: RunState) {
  const work = outcomeIn(state, writeImage)
  const place = inputIn(state, resizeFilesystem)
  const partition = inputIn(state, resizePartition)
  const files = outcomeIn(state, digestFiles)
  const kept = outcomeIn(state, replaceImage)
  const proven = outcomeIn(state, proveImage)
  return {
    image: kept?.path ?? null,
    before: work?.virtualSize ?? null,
    virtualSize: proven?.virtualSize ?? null,
    partition: partition?.partition ?? place?.partition ?? null,
    filesystem: place?.type ?? null,
    files: files?.files ?? null,
    quarantine: kept?.quarantine ?? null,
    run: state.id,
  }
}

function toldOf(state: RunState): string[] {
  const { image, before, virtualSize, files } = recordOf(state)
  const same = files === null ? [] : [`  ${countOf(files, 'file')}, the same as before`]
  const kept = outcomeIn(state, replaceImage)
  return [
    `${image ?? ''}: ${formatBytes(before ?? 0)} became ${formatBytes(virtualSize ?? 0)}`,
    ...same,
    ...(kept ? [`  ${replaceImage.told(kept)}`] : []),
  ]
}

/** Of the first step of that action that is done. */
function outcomeIn<T>(state: RunState, action: Pick<Action<never, T>, 'name' | 'outcome'>): T | null {
  const step = state.steps.find((one) => one.step.action === action.name)
  return step ? action.outcome.parse(outcomeOf(step)) : null
}

function inputIn<T>(state: RunState, action: Pick<Action<T>, 'name' | 'input'>): T | null {
  const step = state.steps.findLast((one) => one.step.action === action.name)
  const attempt = step && newestAttempt(step)
  return attempt ? action.input.parse(attempt.call.input) : null
}
