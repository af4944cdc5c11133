import { formatBytes } from '@varve/core/units/format-bytes'
import { formatRules, type FormatName } from '@varve/core/image/format-rules'
import { choiceConflict, readChoices } from '@varve/core/formats/write-choices'
import {
  formatByEnding,
  nameOfKind,
  rulesOf,
  type WritableFormat,
} from '@varve/core/formats/writable-formats'
import { sizeFault } from '@varve/core/formats/writable-sizes'
import { DiskError } from '@varve/core/problems/disk-error'
import { problemFromError, type Problem } from '@varve/core/problems/problem'
import { profileFaults, profileKind, type ProfileKind } from '@varve/core/rules/target-profiles'
import { createImage } from '../actions/create-image.ts'
import { baseName } from '../actions/path-words.ts'
import { targetRefusal } from '../convert/copy-refusals.ts'
import type { TargetState } from '../convert/facts.ts'
import { defineOperation } from '../operation.ts'
import { overlayProblems } from '../overlay-problems.ts'
import { inOrder, step, type Plan, type Refusal } from '../plans/plan.ts'
import { proofStep, publishStep } from '../plans/staged-steps.ts'
import { freshId } from '../plans/wired.ts'
import { noCowOf, noCowRefusals, noCowRemarks } from './no-cow.ts'
import { CreateRequest } from './request.ts'

export interface CreateFacts {
  readonly host: string
  /** What has the name of the new image; null: it cannot be told, see `problems`. */
  readonly state: TargetState | null
  readonly parent: {
    readonly path: string
    readonly format: FormatName
    readonly virtualSize: number
    /** Bytes of the sectors that its guest sees; null: its format does not say. */
    readonly logicalSectorSize: number | null
  } | null
  /** Bytes that are free where the image is to lie; null: not told. */
  readonly freeBytes: number | null
  /** The filesystem where the image is to lie; null: not told. */
  readonly filesystem: string | null
  readonly problems: readonly Problem[]
  /** Who uses the parent: what one writes to it from then on breaks the overlay. */
  readonly below: readonly Problem[]
}

/** Makes a new image: blank, or an overlay of a parent. */
export const createOperation = defineOperation<CreateRequest, CreateFacts>({
  name: 'create',
  request: CreateRequest,
  paths: ['target', 'parent.path'],
  plan: planCreate,
})

interface Wanted extends ProfileKind {
  readonly size: number
}

function planCreate(request: CreateRequest, facts: CreateFacts): Plan | Refusal {
  const wanted = wantedDisk(request, facts)
  const problems = wanted === null ? [...facts.problems] : refusalsOf(request, facts, wanted)
  if (wanted === null && problems.length === 0)
    problems.push(
      refused(request.target, {
        reason: 'nobody said what it is to be',
        remedy: 'Say its size and its format.',
      }),
    )
  if (wanted === null || problems.length > 0) return { kind: 'refusal', operation: 'create', problems }
  const { format, subformat, size } = wanted
  const { host, parent } = facts
  const { target, options, durability } = request
  const backing = parent && { path: parent.path, format: parent.format }
  const kind = { target, format, subformat }
  const staged = { host, by: 'create', image: kind, durability }
  const create = step(createImage, {
    id: 'create',
    host,
    input: {
      size,
      image: { ...kind, staging: freshId, compression: 'none', options, backing, guest: {} },
      ...(noCowOf(request, facts) === 'set' && { noCow: true }),
    },
  })
  // The disk of an overlay is its parent's: there is nothing of its own to be proven.
  const steps = inOrder([create, ...(parent ? [] : [proofStep(staged)]), publishStep(staged)])
  const over = parent ? `, an overlay of ${baseName(parent.path)}` : ''
  return {
    kind: 'plan',
    operation: 'create',
    summary: `Create ${baseName(target)}, ${nameOfKind(format, subformat)} of ${formatBytes(size)}${over}`,
    steps,
    warnings: [...facts.below, ...noCowRemarks(request, facts)],
    subjects: [{ host, path: target }],
    estimate: { bytes: roomAtOnce(wanted, request), seconds: null },
  }
}

/** A name that promises another format than the profile takes: one of the two is not what was meant. */
function endingRefusals(
  { target, profile, format: said }: CreateRequest,
  { format, subformat }: Wanted,
): Problem[] {
  const promised = formatByEnding(target)
  if (profile === null || said !== null || promised === null || promised === format) return []
  const [ending = ''] = rulesOf(format).endings
  const reason = `its name says ${formatRules[promised].label}, and the profile ${profile} takes ${nameOfKind(format, subformat)}`
  return [
    refused(target, {
      reason,
      remedy: `Give it a name that ends with ${ending}, or say its format with -O.`,
    }),
  ]
}

/** What the request, its profile and its parent say together; null: they do not say all. */
function wantedDisk(
  { profile, format, subformat, size }: CreateRequest,
  { parent }: CreateFacts,
): Wanted | null {
  const kind =
    profile === null
      ? format === null
        ? null
        : { format, subformat }
      : profileKind(profile, format, subformat)
  const bytes = size ?? parent?.virtualSize ?? null
  return kind === null || bytes === null ? null : { ...kind, size: bytes }
}

function refusalsOf(request: CreateRequest, facts: CreateFacts, wanted: Wanted): Problem[] {
  const { target, profile } = request
  const { format, subformat, size } = wanted
  const state = facts.state ?? 'free'
  const taken = targetRefusal(target, { state, existing: 'refuse', format, subformat })
  const tooLarge = sizeFault(format, { virtualSize: size, subformat, choices: choicesOf(format, request) })
  const faults = profile === null ? [] : profileFaults(profile, wanted)
  return [
    ...facts.problems,
    ...(taken ? [problemFromError(taken)] : []),
    ...choiceRefusals(request, wanted),
    ...(tooLarge === null
      ? []
      : [
          problemFromError(
            new DiskError('size-unsupported', { file: target, format, size, reason: tooLarge }),
          ),
        ]),
    ...faults.map((fault) => refused(target, fault)),
    ...endingRefusals(request, wanted),
    ...parentRefusals(request, facts, wanted),
    ...roomRefusals(request, facts, wanted),
    ...noCowRefusals(request, facts),
  ]
}

function choicesOf(format: WritableFormat, { options }: CreateRequest) {
  const read = readChoices(format, wordsOf(options))
  return 'choices' in read ? read.choices : {}
}

function choiceRefusals(
  { target, options, parent }: CreateRequest,
  { format, subformat }: Wanted,
): Problem[] {
  const refuse = (reason: string, remedy = 'Leave out what the format does not have.') => [
    refused(target, { reason, remedy }),
  ]
  const { subformats } = rulesOf(format)
  if (subformat !== null && !subformats.includes(subformat))
    return refuse(`there is no ${format} of the kind ${JSON.stringify(subformat)}`)
  const read = readChoices(format, wordsOf(options))
  if ('fault' in read) return refuse(read.fault)
  const below = parent && { backing: { name: parent.path, format: parent.format ?? 'raw' } }
  const conflict = choiceConflict(format, {
    choices: { ...read.choices, ...below },
    compression: 'none',
    subformat,
  })
  return conflict === null ? [] : refuse(conflict)
}

function parentRefusals(
  request: CreateRequest,
  { parent }: CreateFacts,
  { format, subformat, size }: Wanted,
): Problem[] {
  const { target, parent: asked } = request
  if (asked === null || parent === null || !rulesOf(format).overlay) return []
  const { logicalSectorSize } = choicesOf(format, request)
  const wanted = { file: target, format, subformat, virtualSize: size, logicalSectorSize }
  const faults = overlayProblems(wanted, parent)
  if (faults.length > 0 || size >= parent.virtualSize) return faults
  return [
    refused(target, {
      reason: `an overlay of ${size} bytes would hide the end of its parent, which has ${parent.virtualSize}`,
      remedy: `Leave the size out, or choose at least ${parent.virtualSize} bytes.`,
    }),
  ]
}

/** Bytes that are taken when it is made; null: as data comes. */
function roomAtOnce({ size }: Wanted, { options }: CreateRequest): number | null {
  const { preallocation = 'off' } = options
  return preallocation === 'full' || preallocation === 'falloc' ? size : null
}

function roomRefusals(
  request: CreateRequest,
  { freeBytes: available }: CreateFacts,
  wanted: Wanted,
): Problem[] {
  const room = roomAtOnce(wanted, request)
  if (room === null || available === null || available >= room) return []
  return [problemFromError(new DiskError('no-space', { file: request.target, wanted: room, available }))]
}

function wordsOf(options: Readonly<Record<string, string>>): string[] {
  return Object.entries(options).map(([name, value]) => `${name}=${value}`)
}

function refused(
  file: string,
  { reason, remedy }: { readonly reason: string; readonly remedy: string },
): Problem {
  return problemFromError(new DiskError('refused', { file, reason, remedy }))
}
