import { placesOf } from '@varve/agent/actions/places-of'
import type { PlacesView } from '@varve/protocol/places'
import { listPlaces } from '@varve/operations/actions/list-places'
import type { Outcome, RunContext } from '../command.ts'
import { exitCodes } from '../exit-codes.ts'
import { readByPlan } from '../operations/read-by-plan.ts'
import { openThisHost } from '../operations/this-host.ts'
import { assertNoFleetOptions, isReadByPlan, type ReadOptions } from '../operations/wish.ts'
import { placesInWords } from '../output/places-in-words.ts'

/** `varve places`: reads only. */
export async function places(options: ReadOptions, context: RunContext): Outcome {
  if (isReadByPlan(options))
    return await readByPlan({ operation: 'places', request: {} }, options, context, (result) =>
      print(listPlaces.outcome.parse(result), context),
    )
  assertNoFleetOptions(options)
  const { ports } = openThisHost(context)
  return print(await placesOf(ports, { folders: null, signal: context.signal }), context)
}

function print(all: PlacesView, context: RunContext): Awaited<Outcome> {
  context.print(context.json ? JSON.stringify(all, null, 2) : placesInWords(all).join('\n'))
  return exitCodes.ok
}
