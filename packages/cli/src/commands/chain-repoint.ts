import type { Outcome, RunContext } from '../command.ts'
import { idsOf } from '../consent.ts'
import { formatOf, pathOf } from '../input.ts'
import { operate, type OperateOptions } from '../operations/operate.ts'

export interface ChainRepointOptions extends OperateOptions {
  readonly parent: string
  readonly parentFormat?: string
}

/** `varve chain repoint IMAGE --parent FILE`. */
export async function chainRepoint(
  image: string,
  options: ChainRepointOptions,
  context: RunContext,
): Outcome {
  const proof = idsOf(options.accept).has('parent-unproven') ? 'waived' : 'wanted'
  const parentFormat = formatOf(options.parentFormat)
  const isHere = options.host === undefined
  const path = (text: string) => (isHere ? pathOf(text) : text)
  return await operate(
    {
      operation: 'chain-repoint',
      request: { image: path(image), parent: path(options.parent), parentFormat, proof },
      isAsked: true,
    },
    options,
    context,
  )
}
