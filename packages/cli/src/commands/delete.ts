import { SetAsideOutcome } from '@varve/operations/actions/set-aside'
import { outcomeOf, type RunState } from '@varve/operations/runs/run-state'
import type { Outcome, RunContext } from '../command.ts'
import { placeOf } from '../input.ts'
import { operate, type OperateOptions } from '../operations/operate.ts'

/** `varve delete IMAGE`: into quarantine. */
export async function deleteImage(image: string, options: OperateOptions, context: RunContext): Outcome {
  const request = { image: placeOf(image, options) }
  return await operate(
    { operation: 'delete', request, isAsked: true, told: keptInQuarantine },
    options,
    context,
  )
}

/** Which entry of a quarantine keeps what was deleted, and what can be done with it. */
export function keptInQuarantine(state: RunState): readonly string[] {
  return state.steps.flatMap((step) => {
    const kept = SetAsideOutcome.safeParse(outcomeOf(step))
    if (!kept.success) return []
    const { quarantine, until } = kept.data
    return [
      `${quarantine}  kept until ${until.slice(0, 10)}`,
      `  varve restore ${quarantine} brings it back; varve purge ${quarantine} removes it for good`,
    ]
  })
}
