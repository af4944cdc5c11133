import { formatBytes } from '@varve/core/units/format-bytes'
import { formatByEnding, isWritable, nameOfKind, notWritten } from '@varve/core/formats/writable-formats'
import type { TargetProfileName } from '@varve/core/rules/target-profiles'
import { createImage } from '@varve/operations/actions/create-image'
import { newestAttempt, type RunState } from '@varve/operations/runs/run-state'
import { UsageError, type Outcome, type RunContext } from '../command.ts'
import { formatOf } from '../input.ts'
import { operate, type OperateOptions } from '../operations/operate.ts'
import { assertChoicesFit, assertPossible, namedOptions } from './convert-request.ts'

export interface CreateOptions {
  /** Bytes. */
  readonly size?: number
  readonly outputFormat?: string
  readonly subformat?: string
  readonly option?: readonly string[]
  readonly backing?: string
  readonly backingFormat?: string
  readonly profile?: TargetProfileName
  /** False: `--no-cow`. */
  readonly cow?: boolean
}

/** `varve create FILE`: a new image appears under its name complete, or not at all. */
export async function create(
  file: string,
  options: CreateOptions & OperateOptions,
  context: RunContext,
): Outcome {
  const { size, subformat, option = [], backing, backingFormat, profile } = options
  const format = formatAsked(file, options)
  if (format !== null) {
    assertPossible(format, options)
    assertChoicesFit(format, options)
  }
  if (size === undefined && backing === undefined)
    throw new UsageError('Say how large the disk is to be with --size, such as --size 40G.')
  const request = {
    target: file,
    size: size ?? null,
    format,
    subformat: subformat ?? null,
    options: namedOptions(option),
    parent: backing === undefined ? null : { path: backing, format: formatOf(backingFormat) },
    profile: profile ?? null,
    noCow: options.cow === false,
  }
  const wish = { operation: 'create', request, isAsked: false, told: toldOf, record: recordOf } as const
  return await operate({ ...wish, refusal: 'error' }, options, context)
}

function formatAsked(file: string, { outputFormat, profile }: CreateOptions) {
  const asked = outputFormat ?? (profile === undefined ? formatByEnding(file) : null)
  if (asked === null && profile !== undefined) return null
  if (asked === null) throw new UsageError(`Say the format of ${JSON.stringify(file)} with -O.`)
  if (isWritable(asked)) return asked
  throw notWritten(asked, file)
}

function created(state: RunState) {
  const step = state.steps.find((one) => one.step.action === 'create-image')
  const attempt = step && newestAttempt(step)
  if (!attempt) throw new RangeError('the run has made no image')
  const { image } = createImage.input.parse(attempt.call.input)
  const { virtualSize, fileSize, digest, parts } = createImage.outcome.parse(attempt.outcome)
  const backing = image.backing?.path ?? null
  const { target: path, format, subformat } = image
  return { path, format, subformat, virtualSize, fileSize, digest, backing, parts }
}

function toldOf(state: RunState): string[] {
  const { path, format, subformat, virtualSize, fileSize, backing } = created(state)
  const over = backing === null ? '' : `, an overlay of ${backing}`
  return [
    `${path}: ${nameOfKind(format, subformat)}, ${formatBytes(virtualSize)} disk, file ${formatBytes(fileSize)}${over}`,
  ]
}

function recordOf(state: RunState): object {
  return { ...created(state), run: state.id }
}
