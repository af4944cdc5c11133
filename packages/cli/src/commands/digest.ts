import { formatBytes, formatRate } from '@varve/core/units/format-bytes'
import { digestDisk } from '@varve/engine/disks/digest-disk'
import { digestImage } from '@varve/operations/actions/digest-image'
import type { AcceptOptions, CommandContext, Outcome, RunContext } from '../command.ts'
import { inUseOf } from '../consent.ts'
import { exitCodes } from '../exit-codes.ts'
import { diskInput, type ReadingOptions } from '../input.ts'
import { imageOf, inUseWish, readByPlan, type ReadByPlanOptions } from '../operations/read-by-plan.ts'
import { ProgressLine } from '../output/progress-line.ts'
import { groupDigest } from '../output/text.ts'
import { remarkZeroed, rescueMember } from '../rescue-notice.ts'
import { lookAtSources } from '../source-notice.ts'

/** `varve digest FILE`: root of the disk digest, and SHA-256 over L3 when asked for. */
export async function digest(
  file: string,
  options: ReadingOptions & AcceptOptions & { sha256?: boolean },
  context: RunContext,
): Outcome {
  const input = diskInput(file, options)
  const { findings, rescue } = await lookAtSources([input], { ...context, accept: options.accept })
  const line = new ProgressLine('digest', context.config.isTerminal)
  const outcome = await digestDisk(input, {
    signal: context.signal,
    pool: context.pool,
    mainThread: 'helps',
    inUse: inUseOf(options.accept),
    sha256: options.sha256 === true,
    onProgress: ({ doneBytes, totalBytes }) => line.show({ done: doneBytes, total: totalBytes }),
  }).finally(() => line.end())
  remarkZeroed(outcome.zeroed, context)
  return printDigest(outcome, { findings, ...rescueMember(rescue, outcome.zeroed) }, context)
}

interface Digested {
  readonly virtualSize: number
  readonly dataBytes: number
  readonly digest: string
  readonly sha256: string | null
  readonly seconds: number
}

/** Prints a digest; `rest` is what its JSON has besides. */
export function printDigest(
  { virtualSize, dataBytes, seconds, sha256, digest: root }: Digested,
  rest: object,
  context: CommandContext,
): Awaited<Outcome> {
  if (context.json) {
    const known = sha256 === null ? {} : { sha256 }
    context.print(JSON.stringify({ virtualSize, digest: root, ...known, dataBytes, seconds, ...rest }))
    return exitCodes.ok
  }
  context.print(`digest  ${groupDigest(root)}`)
  if (sha256 !== null) context.print(`sha256  ${sha256}`)
  const rate = formatRate(dataBytes / Math.max(seconds, 0.001))
  context.print(
    `${formatBytes(virtualSize)} disk, ${formatBytes(dataBytes)} data read in ${seconds.toFixed(2)} s (${rate})`,
  )
  return exitCodes.ok
}

/** `varve digest FILE` with --plan, --script or --host. */
export async function digestByPlan(
  file: string,
  options: ReadByPlanOptions & { readonly sha256?: boolean },
  context: CommandContext,
): Outcome {
  const request = {
    image: imageOf(file, options),
    inUse: inUseWish(options.accept),
    sha256: options.sha256 === true,
  }
  return await readByPlan({ operation: 'digest', request }, options, context, (result) =>
    printDigest(digestImage.outcome.parse(result), {}, context),
  )
}
