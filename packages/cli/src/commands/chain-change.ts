import type { Outcome, RunContext } from '../command.ts'
import { formatOf, placeOf } from '../input.ts'
import { operate, type OperateOptions } from '../operations/operate.ts'

export interface ChainRebaseOptions extends OperateOptions {
  readonly parent: string
  readonly parentFormat?: string
}

/** `varve chain rebase IMAGE --parent FILE`. */
export async function chainRebase(image: string, options: ChainRebaseOptions, context: RunContext): Outcome {
  const request = {
    image: placeOf(image, options),
    parent: placeOf(options.parent, options),
    parentFormat: formatOf(options.parentFormat),
  }
  return await operate({ operation: 'chain-rebase', request, isAsked: true }, options, context)
}

/** `varve chain flatten IMAGE`. */
export async function chainFlatten(image: string, options: OperateOptions, context: RunContext): Outcome {
  const request = { image: placeOf(image, options) }
  return await operate({ operation: 'chain-flatten', request, isAsked: true }, options, context)
}

/** `varve chain commit IMAGE`. */
export async function chainCommit(image: string, options: OperateOptions, context: RunContext): Outcome {
  const request = { image: placeOf(image, options) }
  return await operate({ operation: 'chain-commit', request, isAsked: true }, options, context)
}
