import type { Outcome, RunContext } from '../command.ts'
import { pathOf } from '../input.ts'
import { operate, type OperateOptions } from '../operations/operate.ts'

/** `varve detach IMAGE|DEVICE`. */
export async function detach(target: string, options: OperateOptions, context: RunContext): Outcome {
  return await operate(
    { operation: 'detach', request: { target: pathOf(target) }, isAsked: false },
    options,
    context,
  )
}
