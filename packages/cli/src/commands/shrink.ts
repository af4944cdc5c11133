import { measureMinimum } from '@varve/operations/actions/measure-minimum'
import type { RunState } from '@varve/operations/runs/run-state'
import { UsageError, type Outcome, type RunContext } from '../command.ts'
import { placeOf } from '../input.ts'
import { operate, type OperateOptions } from '../operations/operate.ts'
import { outcomeIn, resizeRecord, toldOfResize } from './resize-record.ts'

export interface ShrinkOptions extends OperateOptions {
  readonly to?: number
  readonly min?: boolean
  readonly partition?: number | 'none'
  readonly contents?: boolean
}

/** `varve shrink IMAGE --to SIZE|--min`. */
export async function shrink(image: string, options: ShrinkOptions, context: RunContext): Outcome {
  const { to = null, min = false, partition, contents = false } = options
  if ((to === null) !== min) throw new UsageError('Say one of --to SIZE and --min.')
  const request = {
    image: placeOf(image, options),
    to,
    partition: partition ?? null,
    allContents: contents,
  }
  const record = (state: RunState) => ({
    ...resizeRecord(state),
    minimum: outcomeIn(state, measureMinimum)?.minimum ?? null,
  })
  return await operate(
    { operation: 'shrink', request, isAsked: true, told: toldOfResize, record },
    options,
    context,
  )
}
