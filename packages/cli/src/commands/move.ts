import type { Outcome, RunContext } from '../command.ts'
import { operate, type OperateOptions } from '../operations/operate.ts'

/** `varve move SRC DST`: with parts, parents and children. */
export async function move(
  request: { readonly source: string; readonly target: string },
  options: OperateOptions,
  context: RunContext,
): Outcome {
  return await operate({ operation: 'move', request, isAsked: false }, options, context)
}
