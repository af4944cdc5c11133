import { readReadingChoices } from '@varve/core/image/reading-choices'
import type { RunView } from '@varve/protocol/runs'
import { UsageError, type AcceptOptions, type CommandContext, type Outcome } from '../command.ts'
import { idsOf } from '../consent.ts'
import { withThreads } from '../grammar/with-threads.ts'
import { addressesOf, formatOf, imageAddress, type ReadingOptions } from '../input.ts'
import { dash } from '../standard-input.ts'
import type { ReadOptions, Wish } from './wish.ts'

export type ReadByPlanOptions = ReadingOptions & AcceptOptions & ReadOptions

/** Something that is only read of images: its plan is shown, or it is done on a host of the fleet; what the step gave is told by `tell`, which gives the exit code. */
export async function readByPlan(
  wish: Pick<Wish, 'operation' | 'request'>,
  options: ReadByPlanOptions,
  context: CommandContext,
  tell: (result: Readonly<Record<string, unknown>>, run: RunView) => Awaited<Outcome>,
): Outcome {
  const { host, ...passed } = operateOptions(options)
  const reading: Wish = { ...wish, isAsked: false }
  if (host !== undefined) {
    const { operateOnFleet } = await import('./operate-on-fleet.ts')
    return await operateOnFleet(reading, { ...passed, host }, context, (run: RunView) =>
      tell(run.steps.at(-1)?.result ?? {}, run),
    )
  }
  const { operate } = await import('./operate.ts')
  return await withThreads(context, [], async (running) => operate(reading, passed, running))
}

/** Those that an operation has too, without the ones that were not said. */
function operateOptions({ host, library, controller, detach, accept, plan, script, yes }: ReadByPlanOptions) {
  return {
    ...(host !== undefined && { host }),
    ...(library !== undefined && { library }),
    ...(controller !== undefined && { controller }),
    ...(detach !== undefined && { detach }),
    ...(accept !== undefined && { accept }),
    ...(plan !== undefined && { plan }),
    ...(script !== undefined && { script }),
    ...(yes !== undefined && { yes }),
  }
}

/** An image, as the options say how to read it; of another host's `NAME@SNAPSHOT` the last `@` counts. */
export function imageOf(argument: string, options: ReadByPlanOptions) {
  if (options.host === undefined) {
    if (argument === dash) throw new UsageError('Standard input is read as it comes: it has no plan.')
    return imageAddress(argument, options)
  }
  if (argument === '') throw new UsageError('A file name must not be empty.')
  if (options.rescue === true) throw new UsageError('--rescue is for images of this host.')
  const read = readReadingChoices(options.read ?? [])
  if ('fault' in read) throw new UsageError(read.fault)
  const [whole, part] = addressesOf(argument)
  const isSnapshot = part?.choices.snapshot !== undefined
  const { name, choices } = isSnapshot ? part : (whole ?? { name: argument, choices: {} })
  return { path: name, format: formatOf(options.format), reading: { ...read.choices, ...choices } }
}

/** Whether a disk that others may write to is read all the same. */
export function inUseWish(accept: string | undefined): 'accept' | 'refuse' {
  return idsOf(accept).has('in-use') ? 'accept' : 'refuse'
}
