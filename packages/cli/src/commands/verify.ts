import { formatBytes, formatRate } from '@varve/core/units/format-bytes'
import { performAction } from '@varve/agent/actions/perform'
import { verifyImage, type VerifyOutcome } from '@varve/operations/actions/verify-image'
import type { AcceptOptions, CommandContext, Outcome, RunContext } from '../command.ts'
import { inUseOf } from '../consent.ts'
import { exitCodes } from '../exit-codes.ts'
import { imageInput, type ReadingOptions } from '../input.ts'
import { imageOf, inUseWish, readByPlan, type ReadByPlanOptions } from '../operations/read-by-plan.ts'
import { openThisHost } from '../operations/this-host.ts'
import { ProgressLine } from '../output/progress-line.ts'
import { differenceLines } from '../output/difference-lines.ts'
import { printable } from '../output/text.ts'
import { lookAtSources } from '../source-notice.ts'

export interface VerifyOptions {
  /** Keep a manifest of what it holds now instead. */
  readonly keep?: boolean
}

/** `varve verify IMAGE`: exit code 0 when it holds what it held, 1 when not; `no-proof` when nothing is kept. */
export async function verify(
  file: string,
  options: VerifyOptions & ReadingOptions & AcceptOptions,
  context: RunContext,
): Outcome {
  const input = imageInput(file, options)
  await lookAtSources([input], { ...context, accept: options.accept })
  const { adapters, ports } = openThisHost(context)
  const { path, format, choices } = input
  const line = new ProgressLine('verify', context.config.isTerminal)
  const result = await performAction(
    adapters,
    {
      action: verifyImage.name,
      input: {
        image: { path, format, reading: choices ?? {} },
        inUse: inUseOf(options.accept) === 'accept' ? 'accept' : 'refuse',
        keep: options.keep === true,
      },
    },
    {
      ports,
      signal: context.signal,
      isResumed: false,
      onProgress(progress) {
        if (progress.of !== 'transfer') return
        const { doneBytes, totalBytes } = progress.progress
        line.show({ done: doneBytes, total: totalBytes })
      },
    },
  ).finally(() => line.end())
  return tell(file, verifyImage.outcome.parse(result), context)
}

/** `varve verify IMAGE` with --plan, --script or --host: against what its agent keeps. */
export async function verifyByPlan(
  file: string,
  options: ReadByPlanOptions & VerifyOptions,
  context: CommandContext,
): Outcome {
  const request = {
    image: imageOf(file, options),
    inUse: inUseWish(options.accept),
    keep: options.keep === true,
  }
  return await readByPlan({ operation: 'verify', request }, options, context, (result) =>
    tell(file, verifyImage.outcome.parse(result), context),
  )
}

function tell(file: string, outcome: VerifyOutcome, context: CommandContext): Awaited<Outcome> {
  context.print(context.json ? JSON.stringify({ file, ...outcome }) : described(file, outcome).join('\n'))
  return outcome.state === 'differs' ? exitCodes.different : exitCodes.ok
}

function described(file: string, outcome: VerifyOutcome): readonly string[] {
  const { state, virtualSize, provenAt, differing, ranges, layers, filesChanged, seconds } = outcome
  const since = provenAt.slice(0, 19).replace('T', ' ')
  const rate = formatRate(virtualSize / Math.max(seconds, 0.001))
  const name = printable(file)
  if (state === 'kept')
    return [`${name}: a manifest of ${formatBytes(virtualSize)} is kept from now on (${since} UTC)`]
  if (state === 'proven')
    return [`${name}: proven: it holds what it held at ${since} UTC (${formatBytes(virtualSize)}, ${rate})`]
  return [
    `${name}: differs from what it held at ${since} UTC: ${differing} chunks of 4 MiB`,
    ...differenceLines({ ranges, places: layers }),
    ...filesChanged.map((path) => `  L1  ${printable(path)} was written to since`),
  ]
}
