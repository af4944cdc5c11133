import { formatBytes, groupThousands } from '@varve/core/units/format-bytes'
import { compareDisks } from '@varve/engine/disks/compare-disks'
import type { CompareOutcome } from '@varve/engine/run/requests'
import type { LayerComparison } from '@varve/engine/proofs/compare-layers'
import { compareImages } from '@varve/operations/actions/compare-images'
import type { AcceptOptions, CommandContext, Outcome, RunContext } from '../command.ts'
import { inUseOf } from '../consent.ts'
import { exitCodes } from '../exit-codes.ts'
import { diskInput, type ReadingOptions } from '../input.ts'
import { imageOf, inUseWish, readByPlan, type ReadByPlanOptions } from '../operations/read-by-plan.ts'
import { differenceLines } from '../output/difference-lines.ts'
import { ProgressLine } from '../output/progress-line.ts'
import { printable } from '../output/text.ts'
import { remarkZeroed, rescueMember } from '../rescue-notice.ts'
import { lookAtSources } from '../source-notice.ts'

/** `varve compare A B`: exit code 0 when L3 is identical (same size, same bytes), 1 when not. */
export async function compare(
  [a, b]: readonly [string, string],
  options: ReadingOptions & AcceptOptions,
  context: RunContext,
): Outcome {
  const [first, second] = [diskInput(a, options), diskInput(b, options)]
  const { findings, rescue } = await lookAtSources([first, second], { ...context, accept: options.accept })
  const line = new ProgressLine('compare', context.config.isTerminal)
  const outcome = await compareDisks(first, second, {
    signal: context.signal,
    pool: context.pool,
    mainThread: 'helps',
    inUse: inUseOf(options.accept),
    onProgress: ({ doneBytes, totalBytes }) => line.show({ done: doneBytes, total: totalBytes }),
  }).finally(() => line.end())
  remarkZeroed(outcome.zeroed, context)
  return printComparison([a, b], outcome, { findings, ...rescueMember(rescue, outcome.zeroed) }, context)
}

/** Prints a comparison; `rest` is what its JSON has besides. */
export function printComparison(
  names: readonly [string, string],
  { identical, sizes, firstDifference, tail }: Omit<CompareOutcome, 'zeroed'>,
  rest: object,
  context: CommandContext,
): Awaited<Outcome> {
  if (context.json)
    context.print(JSON.stringify({ identical, virtualSizes: sizes, firstDifference, tail, ...rest }))
  else context.print(describeComparison(names, { sizes, firstDifference, tail }))
  return identical ? exitCodes.ok : exitCodes.different
}

/** In one or two sentences: where they differ first, and how their sizes do. */
export function describeComparison(
  names: readonly [string, string],
  { sizes, firstDifference, tail }: Pick<CompareOutcome, 'sizes' | 'firstDifference' | 'tail'>,
): string {
  const [first, second] = sizes
  if (firstDifference === null) return `identical: ${formatBytes(first)} at L3`
  const common = Math.min(first, second)
  const inBoth = firstDifference < common
  const where = `first at byte ${firstDifference} of L3`
  if (first === second) return `different: ${where}`
  const longer = first > second ? names[0] : names[1]
  const each = names.map((name, at) => `${printable(name)} has ${exactSize(sizes[at] ?? 0)}`).join(', ')
  const rest = `${printable(longer)} goes on for ${exactSize(Math.abs(first - second))}, which ${tail === 'data' ? 'hold data' : 'are all zeros'}`
  return inBoth
    ? `different: ${where}, and in size: ${each}`
    : `different in size: ${each}. They are equal as far as both go; ${rest}`
}

function exactSize(bytes: number): string {
  return `${formatBytes(bytes)} (${groupThousands(bytes)} bytes)`
}

/** `varve compare A B` with --plan, --script or --host: both images are there. */
export async function compareByPlan(
  [a, b]: readonly [string, string],
  options: ReadByPlanOptions & { readonly layers?: boolean },
  context: CommandContext,
): Outcome {
  const request = {
    a: imageOf(a, options),
    b: imageOf(b, options),
    inUse: inUseWish(options.accept),
    layers: options.layers === true,
  }
  return await readByPlan({ operation: 'compare', request }, options, context, (result) => {
    const {
      identical,
      virtualSizes: sizes,
      firstDifference,
      tail,
      differing,
    } = compareImages.outcome.parse(result)
    if (differing) return printByLayers([a, b], { identical, sizes, ...differing }, {}, context)
    return printComparison([a, b], { identical, sizes, firstDifference, tail }, {}, context)
  })
}

/** Prints what differs by layer; `rest` is what its JSON has besides. */
export function printByLayers(
  names: readonly [string, string],
  { identical, sizes, chunks, ranges, places }: ByLayers,
  rest: object,
  context: CommandContext,
): Awaited<Outcome> {
  if (context.json)
    context.print(JSON.stringify({ identical, virtualSizes: sizes, chunks, ranges, layers: places, ...rest }))
  else if (identical) context.print(describeComparison(names, { sizes, firstDifference: null, tail: null }))
  else
    for (const text of [`different: ${chunks} chunks of 4 MiB`, ...differenceLines({ ranges, places })])
      context.print(text)
  return identical ? exitCodes.ok : exitCodes.different
}

type ByLayers = Pick<LayerComparison, 'identical' | 'sizes' | 'ranges' | 'places'> & {
  readonly chunks: number
}
