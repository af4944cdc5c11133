import {
  formatByEnding,
  isWritable,
  notWritten,
  rulesOf,
  writableFormats,
  type WritableFormat,
} from '@varve/core/formats/writable-formats'
import { choiceConflict, readChoices } from '@varve/core/formats/write-choices'
import { sectorsInTarget } from '@varve/core/layers/guest-sectors'
import { guestChoices } from '@varve/core/rules/guest-choices'
import { formatBytes, formatRate } from '@varve/core/binary/format-bytes'
import { UsageError, type Outcome, type RunContext } from '../command.ts'
import { convertToFile, type ConvertToFileOutcome } from '../convert-to-file.ts'
import { assertConsent, inUseOf } from '../consent.ts'
import { exitCodes } from '../exit-codes.ts'
import { imageInput, pathOf, type ReadingOptions } from '../input.ts'
import { ProgressLine } from '../output/progress-line.ts'
import { groupDigest, printable } from '../output/text.ts'
import { remarkZeroed, rescueMember } from '../rescue-notice.ts'
import { noticeSources } from '../source-notice.ts'

export interface ConvertOptions extends ReadingOptions {
  readonly source: string
  readonly target: string
  readonly outputFormat?: string
  readonly subformat?: string
  readonly compress?: 'zlib' | 'zstd'
  /** Each as `name=value`. */
  readonly option?: readonly string[]
  readonly backing?: string
  readonly backingFormat?: string
  readonly force?: boolean
  readonly verify: boolean
  readonly durability?: 'synced' | 'cached'
  readonly reflink: boolean
  /** Ids of findings, comma-separated. */
  readonly accept?: string
}

/** `varve convert SOURCE TARGET`: the target appears under its name complete and proven, or not at all. */
export async function convert(options: ConvertOptions, context: RunContext): Outcome {
  const format = targetFormat(options)
  assertPossible(format, options)
  const said = choicesOf(format, options)
  const { backing, backingFormat } = options
  const input = imageInput(options.source, options)
  const report = await assertConsent(input, options.accept, context.signal)
  const choices = { ...guestChoices(format, report), ...said }
  const source = noticeSources([{ input, report }], { ...context, accept: options.accept })
  const inTarget = sectorsInTarget(report, { format, told: choices.logicalSectorSize })
  const findings = [
    ...source.findings.map(({ id, message, remedy }) => ({ id, message, remedy })),
    ...(inTarget ? [{ id: inTarget.id, message: inTarget.message, remedy: inTarget.remedy }] : []),
  ]
  if (inTarget) context.remark(printable(`${inTarget.message}. ${inTarget.remedy}`))
  const { rescue } = source
  let line = new ProgressLine('convert', context.config.isTerminal)
  let phase = 'convert'
  const outcome = await convertToFile(
    {
      input,
      path: pathOf(options.target),
      format,
      subformat: options.subformat,
      compression: options.compress ?? 'none',
      choices,
      backing: backing === undefined ? null : imageInput(backing, { format: backingFormat }),
      existing: options.force === true ? 'replace' : 'refuse',
      verify: options.verify,
      durability: options.durability ?? 'synced',
      reflink: options.reflink,
      inUse: inUseOf(options.accept),
    },
    {
      signal: context.signal,
      pool: context.pool,
      onProgress: (progress) => {
        if (progress.phase !== phase) {
          line.end()
          phase = progress.phase
          line = new ProgressLine(phase, context.config.isTerminal)
        }
        line.show({ done: progress.doneBytes, total: progress.totalBytes })
      },
    },
  ).finally(() => line.end())
  const { zeroed, ...written } = outcome
  remarkZeroed(zeroed, context)
  if (context.json) context.print(JSON.stringify({ ...written, findings, ...rescueMember(rescue, zeroed) }))
  else context.print(describe(options.target, outcome, { isRescue: rescue !== null }))
  return exitCodes.ok
}

function targetFormat({ outputFormat, target }: ConvertOptions): WritableFormat {
  const asked = outputFormat ?? formatByEnding(target)
  if (asked !== null && isWritable(asked)) return asked
  if (asked === null)
    throw new UsageError(
      `Say the format of ${JSON.stringify(target)} with -O; written are ${writableFormats.join(', ')}.`,
    )
  throw notWritten(asked, target)
}

function assertPossible(format: WritableFormat, { compress, subformat }: ConvertOptions): void {
  const { compressions, subformats } = rulesOf(format)
  if (compress && !compressions.includes(compress))
    throw new UsageError(`${format} images are not compressed with ${compress}.`)
  if (subformat && !subformats.includes(subformat)) {
    const known = subformats.length === 0 ? 'there is one kind only' : `choose ${subformats.join(' or ')}`
    throw new UsageError(`There is no ${format} of the kind ${JSON.stringify(subformat)}; ${known}.`)
  }
}

function choicesOf(
  format: WritableFormat,
  { option = [], compress, backing, backingFormat }: ConvertOptions,
) {
  if (backing === undefined && backingFormat !== undefined)
    throw new UsageError('--backing-format says the format of --backing, which is missing.')
  const read = readChoices(format, option)
  if ('fault' in read) throw new UsageError(read.fault)
  const { choices } = read
  const all = backing === undefined ? choices : { ...choices, backing: { name: backing, format: '' } }
  const conflict = choiceConflict(format, { choices: all, compression: compress ?? 'none' })
  if (conflict !== null) throw new UsageError(`This does not go together: ${conflict}.`)
  return choices
}

function describe(
  target: string,
  outcome: ConvertToFileOutcome,
  { isRescue }: { readonly isRescue: boolean },
): string {
  const { virtualSize, dataBytes, fileSize, sharedBytes, seconds, digest, verified } = outcome
  const proof = isRescue
    ? '  read back and equal to what was rescued, which is NOT proven to be the disk'
    : '  read back and equal'
  const shared = `shares ${formatBytes(sharedBytes)} with the source (reflink)`
  return [
    `${target}: ${outcome.format}, ${formatBytes(virtualSize)} disk with ${formatBytes(dataBytes)} data, file ${formatBytes(fileSize)}`,
    ...(sharedBytes > 0 ? [shared] : []),
    `digest  ${groupDigest(digest)}${verified ? proof : ''}`,
    `${seconds.toFixed(2)} s, ${formatRate(dataBytes / Math.max(seconds, 0.001))}`,
  ].join('\n')
}
