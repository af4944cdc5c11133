import { countOf, formatBytes } from '@varve/core/units/format-bytes'
import type { Action } from '@varve/operations/actions/action'
import { digestFiles } from '@varve/operations/actions/digest-files'
import { makeFilesystem } from '@varve/operations/actions/make-filesystem'
import { placePartition } from '@varve/operations/actions/place-partition'
import { proveImage } from '@varve/operations/actions/prove-image'
import { replaceImage } from '@varve/operations/actions/replace-image'
import { resizeFilesystem } from '@varve/operations/actions/resize-filesystem'
import { resizePartition } from '@varve/operations/actions/resize-partition'
import { writeImage } from '@varve/operations/actions/write-image'
import { newestAttempt, outcomeOf, type RunState } from '@varve/operations/runs/run-state'

/** What of a disk has another size, and what was proven of it. */
export function resizeRecord(state: RunState) {
  const work = outcomeIn(state, writeImage)
  const place = inputIn(state, resizeFilesystem)
  const partition = inputIn(state, resizePartition)
  const files = outcomeIn(state, digestFiles)
  const kept = outcomeIn(state, replaceImage)
  const proven = lastOutcomeIn(state, proveImage)
  const made = inputIn(state, makeFilesystem)
  return {
    image: kept?.path ?? null,
    before: work?.virtualSize ?? null,
    virtualSize: proven?.virtualSize ?? null,
    partition: place?.partition ?? partition?.partition ?? made?.partition ?? null,
    filesystem: place?.type ?? made?.type ?? null,
    moved: movedIn(state),
    files: files?.files ?? null,
    quarantine: kept?.quarantine ?? null,
    run: state.id,
  }
}

/** The same for people. */
export function toldOfResize(state: RunState): string[] {
  const { image, before, virtualSize, files, moved } = resizeRecord(state)
  const same = files === null ? [] : [`  ${countOf(files, 'file')}, the same as before`]
  const kept = outcomeIn(state, replaceImage)
  return [
    `${image ?? ''}: ${formatBytes(before ?? 0)} became ${formatBytes(virtualSize ?? 0)}`,
    ...moved.map(
      ({ partition, start }) =>
        `  partition ${partition} begins at ${formatBytes(start)} now, its bytes the same as before`,
    ),
    ...same,
    ...(kept ? [`  ${replaceImage.told(kept)}`] : []),
  ]
}

/** Partitions that made room. */
function movedIn({ steps }: RunState) {
  return steps
    .filter(({ step }) => step.action === placePartition.name)
    .flatMap((one) => {
      const attempt = newestAttempt(one)
      if (!attempt) return []
      const { partition, to } = placePartition.input.parse(attempt.call.input)
      return [{ partition, start: to }]
    })
}

/** Of the first step of that action that is done. */
export function outcomeIn<T>(state: RunState, action: Pick<Action<never, T>, 'name' | 'outcome'>): T | null {
  const step = state.steps.find((one) => one.step.action === action.name)
  return step ? action.outcome.parse(outcomeOf(step)) : null
}

/** The same of the last one. */
function lastOutcomeIn<T>(state: RunState, action: Pick<Action<never, T>, 'name' | 'outcome'>): T | null {
  const step = state.steps.findLast((one) => one.step.action === action.name)
  return step ? action.outcome.parse(outcomeOf(step)) : null
}

function inputIn<T>(state: RunState, action: Pick<Action<T>, 'name' | 'input'>): T | null {
  const step = state.steps.findLast((one) => one.step.action === action.name)
  const attempt = step && newestAttempt(step)
  return attempt ? action.input.parse(attempt.call.input) : null
}
