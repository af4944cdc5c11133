import type { Outcome, RunContext } from '../command.ts'
import { placeOf } from '../input.ts'
import { operate, type OperateOptions } from '../operations/operate.ts'

/** `varve wsl sparse IMAGE on|off`. */
export async function setSparse(
  { image, isSparse }: { readonly image: string; readonly isSparse: boolean },
  options: OperateOptions,
  context: RunContext,
): Outcome {
  const request = { image: placeOf(image, options), isSparse }
  return await operate({ operation: 'set-sparse', request, isAsked: true }, options, context)
}
