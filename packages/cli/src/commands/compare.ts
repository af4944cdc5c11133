import { formatBytes } from '@varve/core/binary/format-bytes'
import { compareDisks } from '@varve/engine/compare-disks'
import type { AcceptOptions, Outcome, RunContext } from '../command.ts'
import { inUseOf } from '../consent.ts'
import { exitCodes } from '../exit-codes.ts'
import { imageInput, type ReadingOptions } from '../input.ts'
import { ProgressLine } from '../output/progress-line.ts'

/** `varve compare A B`: exit code 0 when L3 is identical (same size, same bytes), 1 when not. */
export async function compare(
  [a, b]: readonly [string, string],
  options: ReadingOptions & AcceptOptions,
  context: RunContext,
): Outcome {
  const line = new ProgressLine('compare', context.config.isTerminal)
  const outcome = await compareDisks(imageInput(a, options), imageInput(b, options), {
    signal: context.signal,
    pool: context.pool,
    mainThread: 'helps',
    inUse: inUseOf(options.accept),
    onProgress: ({ doneBytes, totalBytes }) => line.show({ done: doneBytes, total: totalBytes }),
  }).finally(() => line.end())
  const { identical, sizes, firstDifference } = outcome
  if (context.json) context.print(JSON.stringify({ identical, virtualSizes: sizes, firstDifference }))
  else if (identical) context.print(`identical: ${formatBytes(sizes[0])} at L3`)
  else if (firstDifference === null)
    context.print(`different: the disks have ${sizes[0]} and ${sizes[1]} bytes, and agree as far as both go`)
  else context.print(`different: first at byte ${firstDifference} of L3`)
  return identical ? exitCodes.ok : exitCodes.different
}
