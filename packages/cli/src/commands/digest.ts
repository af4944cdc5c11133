import { formatBytes, formatRate } from '@varve/core/binary/format-bytes'
import { digestDisk } from '@varve/engine/digest-disk'
import type { AcceptOptions, Outcome, RunContext } from '../command.ts'
import { inUseOf } from '../consent.ts'
import { exitCodes } from '../exit-codes.ts'
import { diskInput, type ReadingOptions } from '../input.ts'
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
  const { virtualSize, dataBytes, seconds, sha256, zeroed } = outcome
  remarkZeroed(zeroed, context)
  if (context.json) {
    context.print(
      JSON.stringify({
        virtualSize,
        digest: outcome.digest,
        ...(sha256 === null ? {} : { sha256 }),
        dataBytes,
        seconds,
        findings,
        ...rescueMember(rescue, zeroed),
      }),
    )
    return exitCodes.ok
  }
  context.print(`digest  ${groupDigest(outcome.digest)}`)
  if (sha256 !== null) context.print(`sha256  ${sha256}`)
  context.print(
    `${formatBytes(virtualSize)} disk, ${formatBytes(dataBytes)} data read in ${seconds.toFixed(2)} s (${formatRate(dataBytes / Math.max(seconds, 0.001))})`,
  )
  return exitCodes.ok
}
