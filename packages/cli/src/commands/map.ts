import { formatBytes } from '@varve/core/units/format-bytes'
import type { Extent } from '@varve/core/ranges/extent'
import { mapDisk } from '@varve/engine/disks/map-disk'
import { mapImage } from '@varve/operations/actions/map-image'
import type { AcceptOptions, CommandContext, Outcome } from '../command.ts'
import { inUseOf } from '../consent.ts'
import { exitCodes } from '../exit-codes.ts'
import { diskInput, type ReadingOptions } from '../input.ts'
import { imageOf, inUseWish, readByPlan, type ReadByPlanOptions } from '../operations/read-by-plan.ts'
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
  if (!context.json) context.print(mapHead)
  let count = 0
  for await (const { start, length, content } of extents) {
    if (context.json) context.print(`${count === 0 ? '[' : ','}${JSON.stringify({ start, length, content })}`)
    else context.print(mapLine({ start, length, content }))
    count += 1
  }
  if (context.json) context.print(count === 0 ? '[]' : ']')
  return exitCodes.ok
}

const mapHead = `${'start'.padStart(16)} ${'length'.padStart(16)}  content`

function mapLine({ start, length, content }: Extent): string {
  return `${String(start).padStart(16)} ${String(length).padStart(16)}  ${content.padEnd(6)} ${formatBytes(length)}`
}

/** `varve map FILE` with --plan, --script or --host. */
export async function mapByPlan(file: string, options: ReadByPlanOptions, context: CommandContext): Outcome {
  const request = { image: imageOf(file, options), inUse: inUseWish(options.accept) }
  return await readByPlan({ operation: 'map', request }, options, context, (result) => {
    const { extents, cutAt } = mapImage.outcome.parse(result)
    if (context.json) context.print(JSON.stringify(extents))
    else for (const line of [mapHead, ...extents.map(mapLine)]) context.print(line)
    if (cutAt !== null) context.remark(`The disk has more ranges: this map ends at byte ${cutAt}.`)
    return exitCodes.ok
  })
}
