import {
  formatByEnding,
  isWritable,
  notWritten,
  rulesOf,
  writableFormats,
  type WritableFormat,
} from '@varve/core/formats/writable-formats'
import { choiceConflict, readChoices, type WriteChoices } from '@varve/core/formats/write-choices'
import { guestSectors, sectorsLostIn } from '@varve/core/layers/guest-sectors'
import type { ImageReport } from '@varve/core/layers/image-report'
import type { Problem } from '@varve/core/problems/problem'
import { guestChoices } from '@varve/core/rules/guest-choices'
import { formatBytes, formatRate } from '@varve/core/binary/format-bytes'
import { UsageError, type Outcome, type RunContext } from '../command.ts'
import { convertToFile, type ConvertToFileOutcome } from '../convert-to-file.ts'
import { assertConsent, inUseOf } from '../consent.ts'
import { exitCodes } from '../exit-codes.ts'
import { imageInput, pathOf, type ReadingOptions } from '../input.ts'
import { ProgressLine } from '../output/progress-line.ts'
import { groupDigest, printable } from '../output/text.ts'
import { noticeRescue, rescueMember } from '../rescue-notice.ts'

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
  const rescue = await noticeRescue([input], context)
  const choices = { ...guestChoices(format, report), ...said }
  const known = new Set(rescue?.findings.map(({ id }) => id))
  const findings = [
    ...sourceFindings(report).filter(({ id }) => !known.has(id)),
    ...targetFindings(report, { format, choices }),
  ]
  for (const finding of findings) context.remark(printable(`${finding.message}. ${finding.remedy}`))
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
  if (context.json) context.print(JSON.stringify({ ...outcome, findings, ...rescueMember(rescue) }))
  else context.print(describe(options.target, outcome, { isRescue: rescue !== null }))
  return exitCodes.ok
}

interface Target {
  readonly format: WritableFormat
  readonly choices: WriteChoices
}

/** What the source's container says against what is read of it, though nobody has to consent to it. */
function sourceFindings({ problems }: ImageReport): Pick<Problem, 'id' | 'message' | 'remedy'>[] {
  return problems
    .filter(({ layer, severity, asks }) => layer === 'L2' && severity === 'warn' && asks !== true)
    .map(({ id, message, remedy }) => ({ id, message: message.replace(/\.$/u, ''), remedy }))
}

/** What the new image will not say of the guest's machine. */
function targetFindings(
  report: ImageReport,
  { format, choices }: Target,
): Pick<Problem, 'id' | 'message' | 'remedy'>[] {
  const sectors = guestSectors(report)
  if (sectors === null) return []
  if (format === 'vhdx') {
    const told = choices.logicalSectorSize ?? 512
    if (told === 512 && sectors.size === 512) return []
    if (told === sectors.size)
      return [
        {
          id: 'guest-sectors-kept',
          message: `the new image says sectors of 4,096 bytes, which its guest uses (${sectors.because})`,
          remedy:
            'Hyper-V opens it. QEMU opens no VHDX with such sectors: for QEMU choose raw or qcow2 and attach it with logical sectors of 4,096 bytes.',
        },
      ]
    return [
      {
        id: `guest-sectors-${sectors.size}`,
        message: `the guest uses sectors of ${sectors.size} bytes (${sectors.because}), the new image says ${told}: the guest will not find its partitions`,
        remedy: `Choose --option logical_sector_size=${sectors.size}${sectors.size === 4096 ? ' for a disk of whole sectors' : ''}.`,
      },
    ]
  }
  const lost = sectors.size === 4096 ? sectorsLostIn(format, sectors) : null
  return lost === null ? [] : [{ id: 'guest-sectors-4096', ...lost }]
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
