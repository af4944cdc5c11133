import { formatBytes, formatRate } from '@varve/core/units/format-bytes'
import { DiskError } from '@varve/core/problems/disk-error'
import { writeError } from '@varve/engine/system/system-error'
import { inputName } from '@varve/engine/run/open-input'
import { sendDisk } from '@varve/engine/streams/send-disk'
import { snapshotFinding } from '@varve/operations/convert/copy-findings'
import type { CommandContext, Outcome } from '../command.ts'
import { assertConsent, inUseOf } from '../consent.ts'
import { exitCodes } from '../exit-codes.ts'
import { diskInput } from '../input.ts'
import type { OperateOptions } from '../operations/operate.ts'
import { ProgressLine } from '../output/progress-line.ts'
import { groupDigest, printable } from '../output/text.ts'
import { noticeSources } from '../source-notice.ts'
import { assertNoneStray } from './assert-none-stray.ts'
import type { ConvertOptions } from './convert-request.ts'

/** `varve convert SOURCE -`: the raw disk on standard output, and nothing else there; it reads only. */
export async function convertToOutput(
  options: ConvertOptions & OperateOptions,
  context: CommandContext,
): Outcome {
  assertPossible(options, context)
  const [source = ''] = options.sources
  const { accept, snapshots } = options
  const started = performance.now()
  const input = diskInput(source, options)
  const report = await assertConsent(input, accept, context.signal)
  if (input.kind === 'image') {
    noticeSources([{ input, report }], context)
    const address = { path: input.path, format: input.format, reading: input.choices ?? {} }
    const question = snapshotFinding({ address, report }, snapshots ?? 'ask')
    if (question)
      throw new DiskError('needs-consent', {
        file: input.path,
        ids: [question.id],
        choices: [],
        findings: [question.message],
      })
  }
  const line = new ProgressLine('send', context.config.isTerminal)
  const sent = await sendDisk(input, {
    signal: context.signal,
    inUse: inUseOf(accept),
    write: writeOut,
    onProgress: (done, total) => line.show({ done, total }),
  }).finally(() => line.end())
  const { virtualSize, dataBytes, digest } = sent
  const seconds = Math.max((performance.now() - started) / 1000, 0.001)
  context.remark(
    `${printable(inputName(input))}: ${formatBytes(virtualSize)} disk with ${formatBytes(dataBytes)} data sent`,
  )
  context.remark(`digest  ${groupDigest(digest)}`)
  context.remark(`${seconds.toFixed(2)} s, ${formatRate(virtualSize / seconds)}`)
  return exitCodes.ok
}

function assertPossible(options: ConvertOptions & OperateOptions, { json }: CommandContext): void {
  const {
    sources,
    outputFormat,
    subformat,
    compress,
    option = [],
    backing,
    force,
    host,
    plan,
    script,
  } = options
  assertNoneStray([
    [process.stdout.isTTY, 'Standard output is a terminal: send the disk to a file or a pipe.'],
    [json, 'Standard output is the disk: --json has no place there.'],
    [sources.length > 1, 'One SOURCE is sent to standard output.'],
    [host !== undefined, 'Standard output is of this host: --host is not for it.'],
    [
      outputFormat !== undefined && outputFormat !== 'raw',
      'Standard output is a raw disk: other formats are written where one can go back.',
    ],
    [
      subformat !== undefined || compress !== undefined || option.length > 0 || backing !== undefined,
      'A raw disk has no kinds and no choices.',
    ],
    [
      force === true || plan === true || script === true,
      'What is sent to standard output changes nothing: there is no plan, and nothing to force.',
    ],
    [options.snapshots === 'extract', 'A raw disk has no room for snapshots: SOURCE@NAME sends one.'],
  ])
}

async function writeOut(bytes: Uint8Array): Promise<void> {
  await new Promise<void>((resolve, reject) =>
    process.stdout.write(bytes, (error) =>
      error ? reject(writeError(error, 'standard output')) : resolve(),
    ),
  )
}
