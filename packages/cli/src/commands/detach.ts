import type { Outcome, RunContext } from '../command.ts'
import { placeOf } from '../input.ts'
import { operate, type OperateOptions } from '../operations/operate.ts'

export interface DetachOptions extends OperateOptions {
  /** Of macOS: also while it is used. */
  readonly force?: boolean
}

/** `varve detach IMAGE|DEVICE`. */
export async function detach(target: string, options: DetachOptions, context: RunContext): Outcome {
  return await operate(
    {
      operation: 'detach',
      request: { target: targetOf(target, options), isForced: options.force === true },
      isAsked: false,
    },
    options,
    context,
  )
}

/** A disk of macOS may be named without its folder, as diskutil does. */
function targetOf(target: string, options: DetachOptions): string {
  const isDisk = process.platform === 'darwin' && options.host === undefined && /^disk\d+$/u.test(target)
  return isDisk ? `/dev/${target}` : placeOf(target, options)
}
