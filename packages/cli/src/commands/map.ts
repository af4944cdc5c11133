import { formatBytes } from '@varve/core/binary/format-bytes'
import { mapDisk } from '@varve/engine/map-disk'
import type { AcceptOptions, CommandContext, Outcome } from '../command.ts'
import { inUseOf } from '../consent.ts'
import { exitCodes } from '../exit-codes.ts'
import { diskInput, type ReadingOptions } from '../input.ts'
import { lookAtSources } from '../source-notice.ts'

/** `varve map FILE`: the extents of the whole chain; as JSON one array, written as it is found. */
export async function map(
  file: string,
  options: ReadingOptions & AcceptOptions,
  context: CommandContext,
): Outcome {
  const input = diskInput(file, options)
  await lookAtSources([input], { ...context, accept: options.accept })
  const extents = mapDisk(input, {
    signal: context.signal,
    inUse: inUseOf(options.accept),
  })
  if (!context.json) context.print(`${'start'.padStart(16)} ${'length'.padStart(16)}  content`)
  let count = 0
  for await (const { start, length, content } of extents) {
    if (context.json) context.print(`${count === 0 ? '[' : ','}${JSON.stringify({ start, length, content })}`)
    else
      context.print(
        `${String(start).padStart(16)} ${String(length).padStart(16)}  ${content.padEnd(6)} ${formatBytes(length)}`,
      )
    count += 1
  }
  if (context.json) context.print(count === 0 ? '[]' : ']')
  return exitCodes.ok
}
