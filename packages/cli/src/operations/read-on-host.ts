import { readReadingChoices } from '@varve/core/image/reading-choices'
import type { RunView } from '@varve/protocol/runs'
import { UsageError, type AcceptOptions, type CommandContext, type Outcome } from '../command.ts'
import { idsOf } from '../consent.ts'
import { addressesOf, formatOf, type ReadingOptions } from '../input.ts'
import { operateOnFleet } from './operate-on-fleet.ts'
import type { HostOptions, Wish } from './wish.ts'

export type ReadOnHostOptions = ReadingOptions & AcceptOptions & HostOptions & { readonly host: string }

/** Something that is only read of images on a host of the fleet; what the step gave is told by `tell`, which gives the exit code. */
export async function readOnHost(
  wish: Pick<Wish, 'operation' | 'request'>,
  options: ReadOnHostOptions,
  context: CommandContext,
  tell: (result: Readonly<Record<string, unknown>>) => Awaited<Outcome>,
): Outcome {
  const { host, library, controller, detach, accept } = options
  const passed = {
    host,
    ...(library !== undefined && { library }),
    ...(controller !== undefined && { controller }),
    ...(detach !== undefined && { detach }),
    ...(accept !== undefined && { accept }),
  }
  return await operateOnFleet({ ...wish, isAsked: false }, passed, context, (run: RunView) =>
    tell(run.steps.at(-1)?.result ?? {}),
  )
}

/** An image of another host, as the options say how to read it; of `NAME@SNAPSHOT` the last `@` counts. */
export function imageThere(argument: string, options: ReadingOptions & AcceptOptions) {
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
export function inUseThere(accept: string | undefined): 'accept' | 'refuse' {
  return idsOf(accept).has('in-use') ? 'accept' : 'refuse'
}
