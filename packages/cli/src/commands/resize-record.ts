import { countOf, formatBytes } from '@varve/core/units/format-bytes'
import type { Action } from '@varve/operations/actions/action'
import { copyVolume } from '@varve/operations/actions/copy-volume'
import { digestFiles } from '@varve/operations/actions/digest-files'
import { digestVolume } from '@varve/operations/actions/digest-volume'
import { makeFilesystem } from '@varve/operations/actions/make-filesystem'
import { placePartition } from '@varve/operations/actions/place-partition'
import { proveImage } from '@varve/operations/actions/prove-image'
import { replaceImage } from '@varve/operations/actions/replace-image'
import { replaceVolume } from '@varve/operations/actions/replace-volume'
import { resizeByStorage } from '@varve/operations/actions/resize-by-storage'
import { resizeFilesystem } from '@varve/operations/actions/resize-filesystem'
import { resizePartition } from '@varve/operations/actions/resize-partition'
import { writeImage } from '@varve/operations/actions/write-image'
import { writeVolume } from '@varve/operations/actions/write-volume'
import { newestAttempt, outcomeOf, type RunState } from '@varve/operations/runs/run-state'

/** What of a disk has another size, and what was proven of it. */
export function resizeRecord(state: RunState) {
  const work = outcomeIn(state, writeImage)
  const place = inputIn(state, resizeFilesystem) ?? inputIn(state, resizeByStorage)
  const partition = inputIn(state, resizePartition)
  const files = outcomeIn(state, digestFiles) ?? outcomeIn(state, digestVolume)
  const kept = outcomeIn(state, replaceImage)
  const proven = lastOutcomeIn(state, proveImage)
  const made = inputIn(state, makeFilesystem)
  const volume = volumeIn(state)
  return {
    image: kept?.path ?? volume?.path ?? null,
    before: extendedFrom(state) ?? work?.virtualSize ?? volume?.before ?? null,
    virtualSize: proven?.virtualSize ?? volume?.virtualSize ?? null,
    partition: place?.partition ?? partition?.partition ?? made?.partition ?? null,
    filesystem: place?.type ?? made?.type ?? null,
    moved: movedIn(state),
    files: files?.files ?? null,
    quarantine: kept?.quarantine ?? null,
    ...(volume && { kept: volume.kept }),
    run: state.id,
  }
}

/** What the disk had where its copy was written larger at once. */
function extendedFrom({ steps }: RunState): number | null {
  const work = steps.find(({ step }) => step.action === writeImage.name)
  const attempt = work && newestAttempt(work)
  if (!attempt) return null
  return writeImage.input.parse(attempt.call.input).source.reading.extended?.from ?? null
}

/** The same for people. */
export function toldOfResize(state: RunState): string[] {
  const record = resizeRecord(state)
  const { image, before, virtualSize, files, moved } = record
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
    ...(record.kept === undefined ? [] : toldOfKept(record.kept)),
  ]
}

/** Where an original volume is now, and how it goes. */
export function toldOfKept(kept: string): string[] {
  return [`  the original is kept as ${kept}; varve delete ${kept} removes it for good`]
}

/** Of a volume: what took its place, and what it was. */
function volumeIn(state: RunState) {
  const replaced = outcomeIn(state, replaceVolume)
  if (replaced === null) return null
  const before = outcomeIn(state, copyVolume)?.size ?? outcomeIn(state, writeVolume)?.virtualSize ?? null
  const virtualSize = inputIn(state, replaceVolume)?.virtualSize ?? null
  return { path: replaced.path, kept: replaced.kept, before, virtualSize }
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
