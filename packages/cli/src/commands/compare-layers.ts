import { compareLayers } from '@varve/engine/proofs/compare-layers'
import type { AcceptOptions, Outcome, RunContext } from '../command.ts'
import { inUseOf } from '../consent.ts'
import { exitCodes } from '../exit-codes.ts'
import { diskInput, type ReadingOptions } from '../input.ts'
import { differenceLines } from '../output/difference-lines.ts'
import { ProgressLine } from '../output/progress-line.ts'
import { lookAtSources } from '../source-notice.ts'
import { describeComparison } from './compare.ts'

/** `varve compare A B --layers`: what differs, by chunk, range and layer of the first one; both are read whole. */
export async function compareByLayers(
  [a, b]: readonly [string, string],
  options: ReadingOptions & AcceptOptions,
  context: RunContext,
): Outcome {
  const inputs = [diskInput(a, options), diskInput(b, options)] as const
  const { findings } = await lookAtSources(inputs, { ...context, accept: options.accept })
  const line = new ProgressLine('compare', context.config.isTerminal)
  const found = await compareLayers(...inputs, {
    signal: context.signal,
    pool: context.pool,
    mainThread: 'helps',
    inUse: inUseOf(options.accept),
    onProgress: ({ doneBytes, totalBytes }) => line.show({ done: doneBytes, total: totalBytes }),
  }).finally(() => line.end())
  const { identical, sizes, chunks, ranges, places } = found
  if (context.json)
    context.print(
      JSON.stringify({
        identical,
        virtualSizes: sizes,
        chunks: chunks.length,
        ranges,
        layers: places,
        findings,
      }),
    )
  else if (identical) context.print(describeComparison([a, b], { sizes, firstDifference: null, tail: null }))
  else
    for (const text of [
      `different: ${chunks.length} chunks of 4 MiB`,
      ...differenceLines({ ranges, places }),
    ])
      context.print(text)
  return identical ? exitCodes.ok : exitCodes.different
}
