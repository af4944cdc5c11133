import { SetAsideOutcome } from '@varve/operations/actions/set-aside'
import { outcomeOf, type RunState } from '@varve/operations/runs/run-state'
import type { Outcome, RunContext } from '../command.ts'
import { placeOf } from '../input.ts'
import { operate, runRecord, type OperateOptions } from '../operations/operate.ts'

/** `varve delete IMAGE`: into quarantine. */
export async function deleteImage(image: string, options: OperateOptions, context: RunContext): Outcome {
  const request = { image: placeOf(image, options) }
  return await operate(
    { operation: 'delete', request, isAsked: true, told: keptInQuarantine, record: deletedRecord },
    options,
    context,
  )
}

/** The record of the run, and the quarantine's id, which is what a script wants to keep. */
function deletedRecord(state: RunState) {
  const kept = state.steps.map((step) => SetAsideOutcome.safeParse(outcomeOf(step)).data).find(Boolean)
  return { ...runRecord(state), quarantine: kept?.quarantine ?? null, until: kept?.until ?? null }
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
