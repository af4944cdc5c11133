import type { PlanView } from '@varve/protocol/plans'
import { printable, problemLines, type Paint } from './text.ts'

/** The plan as people read it: each step with its layer, what it does and the command. */
export function describePlan(plan: PlanView, paint: Paint): string {
  if (plan.kind === 'refusal')
    return [paint('bold', 'This cannot be done:'), ...problemLines(plan.problems, paint)].join('\n')
  return [
    paint('bold', printable(plan.summary)),
    ...plan.steps.flatMap((step, index) => [
      `  ${index + 1}. ${step.layer.padEnd(3)} ${paint('bold', printable(step.title))}${step.pointOfNoReturn ? paint('yellow', '  no way back after this') : ''}`,
      `         ${printable(step.does)}`,
      `         ${paint('dim', `${step.host}$ ${printable(step.command)}`)}`,
    ]),
    ...problemLines(plan.warnings, paint),
  ].join('\n')
}
