import type { AdapterTable } from '@varve/agent/actions/adapter'
import { scriptOf, shownSteps } from '@varve/agent/operations/shown-plan'
import type { Plan } from '@varve/operations/plans/plan'
import { toPlanView } from '@varve/operations/plans/plan-view'
import type { PlanView } from '@varve/protocol/plans'
import type { CommandContext } from '../command.ts'
import { describePlan } from '../output/describe-plan.ts'
import { paintWith } from '../output/text.ts'
import type { FreeOptions } from './wish.ts'

/** The plan as people see it, each step with its exact command on this host. */
export async function planSeen(plan: Plan, adapters: AdapterTable): Promise<PlanView> {
  const shown = new Map((await shownSteps(plan, adapters)).map((one) => [one.step.id, one.shown]))
  return toPlanView(plan, ({ id }) => shown.get(id) ?? { argv: [] })
}

/** Prints a plan of this host instead of carrying it out, as a runbook when `--script` says so. */
export async function printPlan(
  plan: Plan,
  { script }: Pick<FreeOptions, 'script'>,
  { adapters, context }: { readonly adapters: AdapterTable; readonly context: CommandContext },
): Promise<void> {
  if (script === true) {
    const shell = process.platform === 'win32' ? 'powershell' : 'posix'
    context.print(scriptOf(plan, await shownSteps(plan, adapters), shell))
    return
  }
  const view = await planSeen(plan, adapters)
  const paint = paintWith(context.config.color)
  context.print(context.json ? JSON.stringify(view, null, 2) : describePlan(view, paint))
}
