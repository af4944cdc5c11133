import type { localOperations } from '@varve/agent/operations/local-table'
import { shownAction } from '@varve/agent/actions/perform'
import { scriptOf, shownSteps } from '@varve/agent/operations/shown-plan'
import { DiskError } from '@varve/core/problems/disk-error'
import { needsAcceptance } from '@varve/core/problems/problem'
import type { Plan } from '@varve/operations/plans/plan'
import { exampleCall, toPlanView } from '@varve/operations/plans/plan-view'
import { outcomeOf, type RunState } from '@varve/operations/runs/run-state'
import { createInterface } from 'node:readline/promises'
import type { Outcome, RunContext } from '../command.ts'
import { idsOf } from '../consent.ts'
import { exitCodeOf, exitCodes } from '../exit-codes.ts'
import { describePlan } from '../output/describe-plan.ts'
import { paintWith, printable, problemLines } from '../output/text.ts'
import { showRun } from '../output/run-lines.ts'
import { openThisHost } from './this-host.ts'

/** What every operation takes on the command line. */
export interface OperateOptions {
  /** Show the plan and do nothing. */
  readonly plan?: boolean
  /** Print the plan as a runbook and do nothing. */
  readonly script?: boolean
  /** Consent to what the plan says, but for findings that ask for a word by name. */
  readonly yes?: boolean
  /** Ids of findings to consent to, comma-separated. */
  readonly accept?: string
}

export interface Wish {
  readonly operation: keyof typeof localOperations
  readonly request: unknown
  /** An image that is there is changed or removed: somebody at a terminal is asked first. */
  readonly isAsked: boolean
  /** The answer for people when it is done. */
  readonly told?: (state: RunState) => string
}

/** From a wish to its result: plan, consent, run, report. */
export async function operate(wish: Wish, options: OperateOptions, context: RunContext): Outcome {
  const { runsFolder, stateFolder } = context.config
  const host = await openThisHost({ pool: context.pool, runsFolder, stateFolder })
  const plan = await host.plan(wish.operation, wish.request, context.signal)
  const paint = paintWith(context.config.color)
  const view = toPlanView(plan, (step) => shownAction(host.adapters, exampleCall(step)))
  if (plan.kind === 'refusal') {
    if (context.json) context.print(JSON.stringify(view, null, 2))
    else context.remark(describePlan(view, paint))
    return exitCodeOf(plan.problems.find(({ severity }) => severity === 'block')?.id ?? '')
  }
  if (options.script === true) {
    const shell = process.platform === 'win32' ? 'powershell' : 'posix'
    context.print(scriptOf(plan, shownSteps(plan, host.adapters), shell))
    return exitCodes.ok
  }
  if (options.plan === true) {
    context.print(context.json ? JSON.stringify(view, null, 2) : describePlan(view, paint))
    return exitCodes.ok
  }
  const accepted = await consentTo(plan, { wish, options, context, show: () => describePlan(view, paint) })
  const state = await showRun(context, (show) =>
    host.runs.start(
      { plan, request: wish.request, accepted },
      { stop: new AbortController().signal, cancel: context.signal, ...show },
    ),
  )
  if (!context.json) for (const line of problemLines(plan.warnings, paint)) context.remark(line)
  return reportRun(state, context, wish.told)
}

/** Prints how a run ended and gives the exit code. */
export function reportRun(state: RunState, context: RunContext, told?: Wish['told']): Awaited<Outcome> {
  const { error, phase, undoFailures } = state
  if (context.json) context.print(JSON.stringify(runRecord(state)))
  else if (phase === 'succeeded') context.print(printable(told?.(state) ?? lastWords(state)))
  if (phase === 'succeeded' || phase === 'undone') return exitCodes.ok
  if (!context.json) {
    if (error) context.remark(`varve: ${printable(error.message)}\n       ${printable(error.remedy)}`)
    else context.remark(`varve: ${printable(state.created.plan.summary)}: ${phase}`)
    for (const failure of undoFailures)
      context.remark(`       Undo failed: ${printable(failure.error.message)}`)
    if (undoFailures.length > 0) context.remark(`       Try again with: varve runs ${state.id} --undo`)
  }
  return phase === 'canceled' ? exitCodes.interrupted : exitCodeOf(error?.code ?? '')
}

/** A run for scripts: what was done, and what each step gave. */
export function runRecord(state: RunState) {
  const { id, phase, error, undoFailures, created, endedAt } = state
  return {
    run: id,
    state: phase,
    operation: created.plan.operation,
    summary: created.plan.summary,
    startedAt: created.at,
    endedAt,
    steps: state.steps.map((one) => ({
      id: one.step.id,
      action: one.step.action,
      host: one.step.host,
      state: one.phase,
      told: one.told,
      outcome: outcomeOf(one),
      error: one.error,
    })),
    ...(error && { error }),
    ...(undoFailures.length > 0 && { undoFailures }),
  }
}

function lastWords({ created, steps }: RunState): string {
  const told = steps.flatMap((step) => (step.told === null ? [] : `  ${step.step.id}: ${step.told}`))
  return [created.plan.summary, ...told].join('\n')
}

interface Asking {
  readonly wish: Wish
  readonly options: OperateOptions
  readonly context: RunContext
  readonly show: () => string
}

/** The ids of the findings that are accepted; throws `needs-consent` when some are not and nobody is there to ask. */
async function consentTo(plan: Plan, { wish, options, context, show }: Asking): Promise<string[]> {
  const named = idsOf(options.accept)
  const waiting = plan.warnings.filter(needsAcceptance)
  const open = waiting.filter(({ id, asks }) => !named.has(id) && !(options.yes === true && asks !== true))
  const isOpen = open.length > 0 || (wish.isAsked && options.yes !== true)
  if (isOpen) {
    const byName = open.filter(({ asks }) => asks === true)
    const canAsk = process.stdin.isTTY && context.config.isTerminal && !context.json && byName.length === 0
    if (!canAsk || !(await askPerson(show(), context))) throw unanswered(plan, open.length > 0 ? open : [])
  }
  return [...new Set([...waiting.map(({ id }) => id), ...named])]
}

function unanswered(plan: Plan, open: Plan['warnings']): DiskError {
  const findings = open.length > 0 ? open.map(({ message }) => message) : [`${plan.summary}.`]
  return new DiskError('needs-consent', {
    file: plan.subjects[0]?.path ?? plan.operation,
    ids: [...new Set(open.map(({ id }) => id))],
    choices: [],
    findings: [...new Set(findings)],
    ...(open.every(({ asks }) => asks !== true) && { yes: true as const }),
  })
}

async function askPerson(plan: string, context: RunContext): Promise<boolean> {
  context.remark(plan)
  const lines = createInterface({ input: process.stdin, output: process.stderr })
  try {
    const answer = await lines.question('Do this? [y/N] ', { signal: context.signal })
    return /^y(?:es)?$/iu.test(answer.trim())
  } finally {
    lines.close()
  }
}
