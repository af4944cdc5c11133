import type { Outcome, RunContext } from '../command.ts'
import type { GrownSize } from '../grammar/grown-size.ts'
import { placeOf } from '../input.ts'
import { operate, type OperateOptions } from '../operations/operate.ts'

export interface GrowOptions extends OperateOptions {
  readonly to: GrownSize
  readonly partition?: number | 'none'
  /** Compare the contents of all files. */
  readonly contents?: boolean
}

/** `varve grow IMAGE --to SIZE`. */
export async function grow(image: string, options: GrowOptions, context: RunContext): Outcome {
  const { to, partition, contents } = options
  const request = {
    image: placeOf(image, options),
    ...to,
    partition: partition ?? null,
    allContents: contents === true,
  }
  return await operate({ operation: 'grow', request, isAsked: true }, options, context)
}
