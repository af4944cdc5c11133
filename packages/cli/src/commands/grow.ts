import { isVolumeAddress } from '@varve/core/image/volume-address'
import type { Outcome, RunContext } from '../command.ts'
import type { VolumeChoice } from '../grammar/volume.ts'
import type { GrownSize } from '../grammar/grown-size.ts'
import { placeOf } from '../input.ts'
import { operate, type OperateOptions } from '../operations/operate.ts'
import { luksWish, type LuksOptions } from './luks-options.ts'
import { resizeRecord, toldOfResize } from './resize-record.ts'
import { assertRawVolume } from './volume-options.ts'

export interface GrowOptions extends OperateOptions, LuksOptions {
  readonly to: GrownSize
  readonly partition?: number | 'none'
  readonly volume?: VolumeChoice
  /** Have its MBR become a GPT. */
  readonly gpt?: boolean
  /** Move what lies behind it to the end of the disk. */
  readonly move?: boolean
  /** Compare the contents of all files. */
  readonly contents?: boolean
}

/** `varve grow IMAGE --to SIZE`. */
export async function grow(image: string, options: GrowOptions, context: RunContext): Outcome {
  const { to, partition, volume, move, gpt, contents } = options
  if (isVolumeAddress(image)) assertRawVolume([], options.host)
  const { isLuks, secret } = await luksWish(options)
  const request = {
    image: placeOf(image, options),
    ...to,
    partition: partition ?? null,
    isMoving: move === true,
    toGpt: gpt === true,
    volume: volume ?? null,
    isLuks,
    allContents: contents === true,
  }
  return await operate(
    {
      operation: 'grow',
      request,
      isAsked: true,
      ...(secret && { secret }),
      told: toldOfResize,
      record: resizeRecord,
    },
    options,
    context,
  )
}
