import { noEstimate, wholeEstimate, type Plan, type Step } from '../plans/plan.ts'
import { from, memberOf, resolveInput, stepsUsed } from '../plans/wired.ts'
import { outcomeOf, undoCalls, type RunState } from './run-state.ts'

export type RunWish = 'cancel' | 'resume' | 'undo'

/** What a wish about a run would have done now, as a plan: what is left of it, or what undoes it, last first. */
export function wishedPlan(state: RunState, wish: RunWish): Plan {
  const { plan } = state.created
  const steps = wish === 'resume' ? leftSteps(state) : undoSteps(state)
  const word = wish === 'resume' ? 'Go on with' : 'Undo'
  const summary = `${word}: ${plan.summary}`
  return { ...plan, summary, steps: [...steps], warnings: [], estimate: wholeEstimate(steps) }
}

/** Steps that are not done, with what earlier ones gave. */
function leftSteps({ steps }: RunState): readonly Step[] {
  const left = new Set(steps.filter(({ phase }) => phase !== 'done').map(({ step }) => step.id))
  const outcomes = new Map(steps.map((one) => [one.step.id, outcomeOf(one)]))
  const known = (id: string, field: string) =>
    left.has(id) ? from(id, field) : memberOf(outcomes.get(id), id, field)
  return steps.flatMap(({ step }) => {
    if (!left.has(step.id)) return []
    const input =
      stepsUsed(step.input).length === 0
        ? step.input
        : resolveInput(step.input, { memberOf: known, fresh: ($fresh) => ({ $fresh }) })
    return [{ ...step, input, after: step.after.filter((id) => left.has(id)) }]
  })
}

function undoSteps({ steps }: RunState): readonly Step[] {
  const calls = steps
    .flatMap(({ step, attempts }) => attempts.map((attempt) => ({ step, attempt })))
    .filter(({ attempt }) => attempt.undo !== 'done')
    .sort((a, b) => b.attempt.place - a.attempt.place)
    .flatMap(({ step, attempt }) => undoCalls(attempt).map((call) => ({ step, call })))
  const ids = calls.map(({ step }, index) => {
    const before = calls.slice(0, index).filter((one) => one.step.id === step.id).length
    return before === 0 ? `undo-${step.id}` : `undo-${step.id}-${before + 1}`
  })
  return calls.map(({ step: { host }, call: { action, input } }, index) => {
    const [id = '', before] = [ids[index], ids[index - 1]]
    const after = before === undefined ? [] : [before]
    return { id, host, action, input, after, needs: [], estimate: noEstimate }
  })
}
