import type { Outcome, RunContext } from '../command.ts'
import { operate, type OperateOptions } from '../operations/operate.ts'
import { assertRawVolume } from './volume-options.ts'

/** `varve delete lvm:VG/LV`: for good. */
export async function deleteVolume(volume: string, options: OperateOptions, context: RunContext): Outcome {
  assertRawVolume([], options.host)
  return await operate({ operation: 'delete-volume', request: { volume }, isAsked: true }, options, context)
}
