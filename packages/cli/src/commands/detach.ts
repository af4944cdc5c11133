import type { Outcome, RunContext } from '../command.ts'
import { placeOf } from '../input.ts'
import { operate, type OperateOptions } from '../operations/operate.ts'

/** `varve detach IMAGE|DEVICE`. */
export async function detach(target: string, options: OperateOptions, context: RunContext): Outcome {
  return await operate(
    { operation: 'detach', request: { target: placeOf(target, options) }, isAsked: false },
    options,
    context,
  )
}
