import { formatBytes } from '@varve/core/units/format-bytes'
import { nameVolume } from '@varve/operations/actions/name-volume'
import { outcomeOf, type RunState } from '@varve/operations/runs/run-state'
import { UsageError, type Outcome, type RunContext } from '../command.ts'
import { operate, type OperateOptions } from '../operations/operate.ts'
import type { CreateOptions } from './create.ts'
import { assertRawVolume, volumeChoices, type VolumeOptions } from './volume-options.ts'

/** `varve create lvm:VG/LV`: a volume that reads as zeros. */
export async function createVolume(
  target: string,
  options: CreateOptions & VolumeOptions & OperateOptions,
  context: RunContext,
): Outcome {
  const { size, outputFormat, subformat, option = [], backing, profile, cow, host } = options
  assertRawVolume(
    [
      [outputFormat !== undefined && outputFormat !== 'raw', 'A volume holds a raw disk: -O is not for it.'],
      [
        subformat !== undefined || option.length > 0 || profile !== undefined,
        'A volume holds a raw disk: it has no kinds and no choices.',
      ],
      [backing !== undefined, 'A volume is no overlay: --backing is not for it.'],
      [cow === false, '--no-cow is for files.'],
    ],
    host,
  )
  if (size === undefined)
    throw new UsageError('Say how large the disk is to be with --size, such as --size 40G.')
  return await operate(
    {
      operation: 'create-volume',
      request: { target, size, ...volumeChoices(options) },
      isAsked: false,
      refusal: 'error',
      told: (state) => {
        const { path, device } = madeVolume(state)
        return [`${path}: ${formatBytes(size)} disk at ${device}`]
      },
      record: (state) => ({ ...madeVolume(state), format: 'raw', virtualSize: size, run: state.id }),
    },
    options,
    context,
  )
}

/** What the run has given a name. */
export function madeVolume(state: RunState) {
  const step = state.steps.find((one) => one.step.action === 'name-volume')
  return nameVolume.outcome.parse(step && outcomeOf(step))
}
