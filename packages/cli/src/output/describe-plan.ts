import type { PlanView } from '@varve/protocol/migrations'
import { printable, problemLines, type Paint } from './text.ts'

/** The plan as people read it: one line per step with its layer, the command below. */
export function describePlan(plan: PlanView, paint: Paint): string {
  if (plan.kind === 'refusal')
    return [paint('bold', 'This cannot be done:'), ...problemLines(plan.problems, paint)].join('\n')
  return [
    paint('bold', plan.summary),
    ...plan.steps.flatMap((step, index) => [
      `  ${index + 1}. ${step.layer.padEnd(3)} ${step.title.padEnd(12)} ${printable(step.does)}${step.pointOfNoReturn ? paint('yellow', '  no way back after this') : ''}`,
      `         ${paint('dim', `${step.host}$ ${printable(step.command)}`)}`,
    ]),
    ...problemLines(plan.warnings, paint),
  ].join('\n')
}
