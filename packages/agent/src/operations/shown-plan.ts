import type { Plan } from '@varve/operations/plans/plan'
import { exampleCall } from '@varve/operations/plans/plan-view'
import { planScript, type ScriptStep } from '@varve/operations/plans/script'
import { stepsUsed } from '@varve/operations/plans/wired'
import type { AdapterTable } from '../actions/adapter.ts'
import { shownAction } from '../actions/perform.ts'

/** Each step with its exact command on this host. */
export async function shownSteps({ steps }: Plan, adapters: AdapterTable): Promise<readonly ScriptStep[]> {
  return await Promise.all(
    steps.map(async (step) => ({ step, shown: await shownAction(adapters, exampleCall(step)) })),
  )
}

/** The plan as a runbook. What Varve does itself, and what needs the outcome of an earlier step, is called with the step's own input: its references are filled in when it runs. */
export function scriptOf(plan: Plan, steps: readonly ScriptStep[], shell: 'posix' | 'powershell'): string {
  const own = steps.map(({ step, shown }) => ({
    step,
    shown:
      shown.native === undefined && stepsUsed(step.input).length === 0
        ? shown
        : { argv: ['varve', 'do', step.action, JSON.stringify(step.input)] },
  }))
  return planScript(plan, own, shell).trimEnd()
}
