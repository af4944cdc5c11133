import { isVolumeAddress } from '@varve/core/image/volume-address'
import { measureMinimum } from '@varve/operations/actions/measure-minimum'
import type { RunState } from '@varve/operations/runs/run-state'
import { UsageError, type Outcome, type RunContext } from '../command.ts'
import { placeOf } from '../input.ts'
import type { VolumeChoice } from '../grammar/volume.ts'
import { operate, type OperateOptions } from '../operations/operate.ts'
import { luksWish, type LuksOptions } from './luks-options.ts'
import { outcomeIn, resizeRecord, toldOfResize } from './resize-record.ts'
import { assertRawVolume } from './volume-options.ts'

export interface ShrinkOptions extends OperateOptions, LuksOptions {
  readonly to?: number
  readonly min?: boolean
  readonly partition?: number | 'none'
  readonly volume?: VolumeChoice
  readonly contents?: boolean
  readonly byFiles?: boolean
}

/** `varve shrink IMAGE --to SIZE|--min`. */
export async function shrink(image: string, options: ShrinkOptions, context: RunContext): Outcome {
  const { to = null, min = false, partition, volume, contents = false, byFiles = false } = options
  if ((to === null) !== min) throw new UsageError('Say one of --to SIZE and --min.')
  if (isVolumeAddress(image)) assertRawVolume([], options.host)
  if (byFiles && partition === 'none')
    throw new UsageError(
      'Say one of --by-files and --partition none: the one makes a filesystem anew, the other touches none.',
    )
  const { isLuks, secret } = await luksWish(options)
  const request = {
    image: placeOf(image, options),
    to,
    partition: partition ?? null,
    volume: volume ?? null,
    isLuks,
    byFiles,
    allContents: contents,
  }
  const record = (state: RunState) => ({
    ...resizeRecord(state),
    minimum: outcomeIn(state, measureMinimum)?.minimum ?? null,
  })
  return await operate(
    {
      operation: 'shrink',
      request,
      isAsked: true,
      ...(secret && { secret }),
      told: toldOfResize,
      record,
    },
    options,
    context,
  )
}
