import { compareLayers } from '@varve/engine/proofs/compare-layers'
import type { AcceptOptions, Outcome, RunContext } from '../command.ts'
import { inUseOf } from '../consent.ts'
import { diskInput, type ReadingOptions } from '../input.ts'
import { ProgressLine } from '../output/progress-line.ts'
import { lookAtSources } from '../source-notice.ts'
import { printByLayers } from './compare.ts'

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
  return printByLayers([a, b], { ...found, chunks: found.chunks.length }, { findings }, context)
}
