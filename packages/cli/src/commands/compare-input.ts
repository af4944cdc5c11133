import { compareStream } from '@varve/engine/streams/compare-stream'
import { UsageError, type AcceptOptions, type CommandContext, type Outcome } from '../command.ts'
import { inUseOf } from '../consent.ts'
import { diskInput, type ReadingOptions } from '../input.ts'
import { ProgressLine } from '../output/progress-line.ts'
import { lookAtSources } from '../source-notice.ts'
import { dash, standardInput, standardInputName } from '../standard-input.ts'
import { printComparison } from './compare.ts'

/** `varve compare - B` or `varve compare A -`: a raw disk on standard input against an image. */
export async function compareInput(
  [a, b]: readonly [string, string],
  options: ReadingOptions & AcceptOptions,
  context: CommandContext,
): Outcome {
  if (a === b) throw new UsageError('Standard input can be read once: one of both has to be an image.')
  const isFirst = a === dash
  const input = diskInput(isFirst ? b : a, options)
  const { findings } = await lookAtSources([input], { ...context, accept: options.accept })
  const line = new ProgressLine('compare', context.config.isTerminal)
  const found = await compareStream(standardInput(context.signal), input, {
    signal: context.signal,
    inUse: inUseOf(options.accept),
    onProgress: (bytes) => line.show({ done: bytes, total: bytes }),
  }).finally(() => line.end())
  const [streamed, stored] = found.sizes
  const names = isFirst ? ([standardInputName, b] as const) : ([a, standardInputName] as const)
  const sizes = isFirst ? found.sizes : ([stored, streamed] as const)
  return printComparison(names, { ...found, sizes }, { findings }, context)
}
