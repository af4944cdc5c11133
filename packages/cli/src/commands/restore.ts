import type { Outcome, RunContext } from '../command.ts'
import { placeOf } from '../input.ts'
import { operate, type OperateOptions } from '../operations/operate.ts'

/** An entry of a quarantine is named by its id; a folder that this user's state does not know has to be said. */
export interface QuarantineIdOptions extends OperateOptions {
  readonly folder: readonly string[]
}

/** `varve restore ID`: back to where it was. */
export async function restore(id: string, options: QuarantineIdOptions, context: RunContext): Outcome {
  const request = { id, folders: options.folder.map((folder) => placeOf(folder, options)) }
  return await operate({ operation: 'restore', request, isAsked: false }, options, context)
}
