import type { Outcome, RunContext } from '../command.ts'
import type { ReadingOptions } from '../input.ts'
import { operate, type OperateOptions } from '../operations/operate.ts'
import { copyChoices, sourceAddress, type CopyOptions } from './convert-request.ts'
import { copyAnswers } from './convert.ts'

export interface CloneOptions extends ReadingOptions, CopyOptions {
  readonly source: string
  readonly target: string
}

/** `varve clone SOURCE TARGET`: the same disk in the same format, proven, with an identity of its own. */
export async function clone(options: CloneOptions & OperateOptions, context: RunContext): Outcome {
  const { source, target } = options
  const choices = copyChoices(options)
  const request = { source: sourceAddress(source, options), target, ...choices }
  const { durability } = choices
  const wish = { operation: 'clone', request, isAsked: false, refusal: 'error', durability } as const
  return await operate({ ...wish, ...copyAnswers(options, context) }, options, context)
}
