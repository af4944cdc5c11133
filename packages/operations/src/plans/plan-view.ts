import type { PlanStepView, PlanView } from '@varve/protocol/plans'
import { findAction } from '../actions/known-actions.ts'
import { laterRecipe, laterUuid } from '../actions/later-filesystem.ts'
import { laterNumber } from '../actions/later-size.ts'
import type { Action } from '../actions/action.ts'
import type { Plan, Refusal, Step } from './plan.ts'
import { commandLine, type Shown } from './shown.ts'
import { resolveInput } from './wired.ts'

/** The plan as people see it; `shownOf` is the host's own rendering of a step. */
export function toPlanView(plan: Plan | Refusal, shownOf: (step: Step) => Shown): PlanView {
  if (plan.kind === 'refusal') return plan
  const { steps, subjects: _, ...rest } = plan
  return { ...rest, steps: steps.map((step) => stepView(step, shownOf(step))) }
}

function stepView(step: Step, shown: Shown): PlanStepView {
  const { id, host, needs, estimate } = step
  const action = findAction(step.action)
  const input = exampleInput(step, action)
  const undo = action.undo(input, null)
  const { title, does } = action.words(input)
  return {
    id,
    layer: action.layer,
    title,
    does: inWords(does),
    command: commandLine(shown),
    host,
    needs,
    estimate,
    undo: undo.length === 0 ? null : undo.map((one) => undoWords(one.action, one.input)).join(' '),
    pointOfNoReturn: action.isFinal,
  }
}

function undoWords(name: string, input: unknown): string {
  return inWords(findAction(name).words(input).does)
}

/** What has no name yet, or one that says nothing to people, is said as what it is; commands have it as it stands in them. */
function inWords(text: string): string {
  return text
    .replaceAll(/\/dev\/DEVICE[ps](\d+)/gu, 'partition $1 of the device')
    .replaceAll('/dev/DEVICE', 'the device')
    .replaceAll('/dev/mapper/varve-ID-VOLUME', 'the opened volume')
    .replaceAll(/(?<=\s)\.([^/\n]+?)\.[\da-f]{12}(?:-vhdx)?\.part(?:\.vhdx)?\b/gu, 'the hidden copy of $1')
    .replaceAll(/(?<=\s)varve-new-[\da-f]{12}\b/gu, 'the new volume')
}

/** What an earlier step will give, as long as nobody knows it. */
const later = '0'.repeat(64)
/** The same where people read it as what it is. */
const laterOf: Readonly<Record<string, unknown>> = {
  device: '/dev/DEVICE',
  socket: '/run/varve/attached/ID.sock',
  processFile: '/run/varve/attached/ID.pid',
  mapped: '/dev/mapper/varve-ID-VOLUME',
  type: 'filesystem',
  kind: 'filesystem',
  uuid: laterUuid,
  recipe: laterRecipe,
}

/** The input of a step before it runs: what earlier steps will give, and what is made anew, stands there in a form that the action takes. */
export function exampleInput(step: Pick<Step, 'input'>, action: Action): unknown {
  const filled = resolveInput(step.input, {
    memberOf: (_step, field) => laterOf[field] ?? later,
    fresh: (kind) => (kind === 'id' ? 'new' : 'token'.repeat(8)),
  })
  for (let round = 0; round < deepest; round += 1) {
    const parsed = action.input.safeParse(filled)
    if (parsed.success) return parsed.data
    // What is not text gets a value of its kind, and what is in it in the next round.
    for (const issue of parsed.error.issues)
      if (issue.code === 'invalid_type') fill(filled, issue.path, issue.expected)
  }
  return action.input.parse(filled)
}

/** How deep an outcome is nested. */
const deepest = 4

const blanks: Readonly<Record<string, () => unknown>> = {
  string: () => later,
  number: () => laterNumber,
  int: () => laterNumber,
  boolean: () => false,
  array: () => [],
  object: () => ({}),
  record: () => ({}),
}

function fill(value: unknown, [key, ...rest]: readonly PropertyKey[], kind: string): void {
  if (typeof value !== 'object' || value === null || key === undefined) return
  const record = value as Record<PropertyKey, unknown>
  if (rest.length > 0) fill(record[key], rest, kind)
  else if (record[key] === later || record[key] === undefined) record[key] = blanks[kind]?.() ?? null
}

/** The call of a step as it can be shown before it runs. */
export function exampleCall(step: Step): { action: string; input: unknown } {
  return { action: step.action, input: exampleInput(step, findAction(step.action)) }
}
