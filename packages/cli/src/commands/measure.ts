import { formatBytes } from '@varve/core/units/format-bytes'
import { isWritable, nameOfKind, notWritten } from '@varve/core/formats/writable-formats'
import { measureDisk } from '@varve/engine/disks/measure-disk'
import { measureImage } from '@varve/operations/actions/measure-image'
import type { ActionOutcome } from '@varve/operations/actions/action-table'
import type { CommandContext, Outcome } from '../command.ts'
import { exitCodes } from '../exit-codes.ts'
import { diskInput, type ReadingOptions } from '../input.ts'
import { assertPossible } from './convert-request.ts'
import { imageOf, readByPlan } from '../operations/read-by-plan.ts'
import { isReadByPlan, type ReadOptions } from '../operations/wish.ts'

export interface MeasureOptions extends ReadingOptions, ReadOptions {
  readonly file: string
  readonly outputFormat: string
  readonly subformat?: string
  readonly compress?: 'zlib' | 'zstd'
}

/** `varve measure FILE -O FORMAT`: the size that the image can have in that format, at most. */
export async function measure(options: MeasureOptions, context: CommandContext): Outcome {
  const { file, outputFormat: format, subformat = null, compress } = options
  const compression = compress ?? ('none' as const)
  if (!isWritable(format)) throw notWritten(format, file)
  assertPossible(format, options)
  const what = nameOfKind(format, subformat)
  if (isReadByPlan(options)) {
    const request = { image: imageOf(file, options), format, subformat, compression }
    return await readByPlan({ operation: 'measure', request }, options, context, (result) =>
      tell(measureImage.outcome.parse(result), what, context),
    )
  }
  const { signal } = context
  const wanted = { format, compression, signal, ...(subformat !== null && { subformat }) }
  return tell(await measureDisk(diskInput(file, options), wanted), what, context)
}

function tell(
  { virtualSize, dataBytes, required }: ActionOutcome<'measure-image'>,
  what: string,
  context: CommandContext,
): Awaited<Outcome> {
  if (context.json) context.print(JSON.stringify({ virtualSize, dataBytes, required }))
  else
    context.print(
      `as ${what} at most ${formatBytes(required)} (${required} bytes): a disk of ${formatBytes(virtualSize)} with ${formatBytes(dataBytes)} of data`,
    )
  return exitCodes.ok
}
