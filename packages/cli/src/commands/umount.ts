import type { Outcome, RunContext } from '../command.ts'
import { placeOf } from '../input.ts'
import { operate, type OperateOptions } from '../operations/operate.ts'

/** `varve umount FOLDER`. */
export async function umount(folder: string, options: OperateOptions, context: RunContext): Outcome {
  return await operate(
    { operation: 'umount', request: { folder: placeOf(folder, options) }, isAsked: false },
    options,
    context,
  )
}
