import { formatBytes } from '@varve/core/binary/format-bytes'
import { mapImage } from '@varve/operations/actions/map-image'
import type { CommandContext, Outcome } from '../command.ts'
import { exitCodes } from '../exit-codes.ts'
import { imageThere, inUseThere, readOnHost, type ReadOnHostOptions } from '../operations/read-on-host.ts'

/** `varve map FILE --host HOST`. */
export async function mapThere(file: string, options: ReadOnHostOptions, context: CommandContext): Outcome {
  const request = { image: imageThere(file, options), inUse: inUseThere(options.accept) }
  return await readOnHost({ operation: 'map', request }, options, context, (result) => {
    const { extents, cutAt } = mapImage.outcome.parse(result)
    if (context.json) context.print(JSON.stringify(extents))
    else {
      context.print(`${'start'.padStart(16)} ${'length'.padStart(16)}  content`)
      for (const { start, length, content } of extents)
        context.print(
          `${String(start).padStart(16)} ${String(length).padStart(16)}  ${content.padEnd(6)} ${formatBytes(length)}`,
        )
    }
    if (cutAt !== null) context.remark(`The disk has more ranges: this map ends at byte ${cutAt}.`)
    return exitCodes.ok
  })
}
