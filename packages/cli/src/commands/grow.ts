import { UsageError, type Outcome, type RunContext } from '../command.ts'
import type { GrownSize } from '../grammar/grown-size.ts'
import { placeOf } from '../input.ts'
import { operate, type OperateOptions } from '../operations/operate.ts'
import { isPlanAsked } from '../operations/wish.ts'
import { secretFrom } from '../secret-input.ts'
import { resizeRecord, toldOfResize } from './resize-record.ts'

export interface GrowOptions extends OperateOptions {
  readonly to: GrownSize
  readonly partition?: number | 'none'
  readonly volume?: { readonly group: string; readonly name: string }
  /** Standard input is the passphrase of its LUKS. */
  readonly luks?: boolean
  /** Standard input is the key file of its LUKS. */
  readonly luksKey?: boolean
  /** Compare the contents of all files. */
  readonly contents?: boolean
}

/** `varve grow IMAGE --to SIZE`. */
export async function grow(image: string, options: GrowOptions, context: RunContext): Outcome {
  const { to, partition, volume, luks = false, luksKey = false, contents } = options
  if (luks && luksKey)
    throw new UsageError(
      'Standard input is either a passphrase or a key file: leave --luks or --luks-key out.',
    )
  const isLuks = luks || luksKey
  const request = {
    image: placeOf(image, options),
    ...to,
    partition: partition ?? null,
    volume: volume ?? null,
    isLuks,
    allContents: contents === true,
  }
  return await operate(
    {
      operation: 'grow',
      request,
      isAsked: true,
      ...(isLuks &&
        !isPlanAsked(options) && { secret: await secretFrom(process.stdin, luks ? 'passphrase' : 'key') }),
      told: toldOfResize,
      record: resizeRecord,
    },
    options,
    context,
  )
}
