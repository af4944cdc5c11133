import { compareImages } from '@varve/operations/actions/compare-images'
import type { CommandContext, Outcome } from '../command.ts'
import { exitCodes } from '../exit-codes.ts'
import { imageThere, inUseThere, readOnHost, type ReadOnHostOptions } from '../operations/read-on-host.ts'
import { describeComparison } from './compare.ts'

/** `varve compare A B --host HOST`: both images are there. */
export async function compareThere(
  [a, b]: readonly [string, string],
  options: ReadOnHostOptions,
  context: CommandContext,
): Outcome {
  const request = {
    a: imageThere(a, options),
    b: imageThere(b, options),
    inUse: inUseThere(options.accept),
  }
  return await readOnHost({ operation: 'compare', request }, options, context, (result) => {
    const outcome = compareImages.outcome.parse(result)
    const { identical, virtualSizes: sizes, firstDifference, tail } = outcome
    if (context.json) context.print(JSON.stringify(outcome))
    else context.print(describeComparison([a, b], { sizes, firstDifference, tail }))
    return identical ? exitCodes.ok : exitCodes.different
  })
}
