import type { Outcome, RunContext } from '../command.ts'
import { placeOf } from '../input.ts'
import { operate, type OperateOptions } from '../operations/operate.ts'

export interface MoveOptions extends OperateOptions {
  /** Where images that are made over it are looked for besides its own folder. */
  readonly folder: readonly string[]
}

/** `varve move SRC DST`: with parts, parents and children. */
export async function move(
  { source, target }: { readonly source: string; readonly target: string },
  options: MoveOptions,
  context: RunContext,
): Outcome {
  const request = { source, target, folders: options.folder.map((folder) => placeOf(folder, options)) }
  return await operate({ operation: 'move', request, isAsked: false }, options, context)
}
