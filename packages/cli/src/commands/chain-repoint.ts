import type { Outcome, RunContext } from '../command.ts'
import { idsOf } from '../consent.ts'
import { formatOf, placeOf } from '../input.ts'
import { operate, type OperateOptions } from '../operations/operate.ts'

export interface ChainRepointOptions extends OperateOptions {
  readonly parent: string
  readonly parentFormat?: string
  readonly with?: 'varve' | 'hyper-v'
}

/** `varve chain repoint IMAGE --parent FILE`. */
export async function chainRepoint(
  image: string,
  options: ChainRepointOptions,
  context: RunContext,
): Outcome {
  const parentFormat = formatOf(options.parentFormat)
  return await operate(
    {
      operation: 'chain-repoint',
      request: {
        image: placeOf(image, options),
        parent: placeOf(options.parent, options),
        parentFormat,
        proof: proofOf(options.accept),
        by: options.with ?? 'varve',
      },
      isAsked: true,
    },
    options,
    context,
  )
}

/** Whether the new parent is compared with the old one, or somebody said by name that it is not. */
export function proofOf(accept: string | undefined): 'waived' | 'wanted' {
  return idsOf(accept).has('parent-unproven') ? 'waived' : 'wanted'
}
