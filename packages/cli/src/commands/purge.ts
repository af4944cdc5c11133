import type { Outcome, RunContext } from '../command.ts'
import { placeOf } from '../input.ts'
import { operate } from '../operations/operate.ts'
import type { QuarantineIdOptions } from './restore.ts'

/** `varve purge ID`: an act of its own, after which there is no way back. */
export async function purge(id: string, options: QuarantineIdOptions, context: RunContext): Outcome {
  const request = { id, folders: options.folder.map((folder) => placeOf(folder, options)) }
  return await operate({ operation: 'purge', request, isAsked: true }, options, context)
}
