import { findLocalOperation } from '@varve/agent/operations/local-table'
import { DiskError, toErrorRecord, type ErrorRecord } from '@varve/core/problems/disk-error'
import { needsAcceptance } from '@varve/core/problems/problem'
import { subjectOf, type Refusal } from '@varve/operations/plans/plan'
import { outcomeOf, type RunState } from '@varve/operations/runs/run-state'
import type { Outcome, RunContext } from '../command.ts'
import { exitCodeOf, exitCodes } from '../exit-codes.ts'
import { describePlan } from '../output/describe-plan.ts'
import { paintWith, printable, problemLines } from '../output/text.ts'
import { showRun } from '../output/run-lines.ts'
import { mapPaths } from '@varve/operations/plans/request-paths'
import { isNbdAddress } from '@varve/nbd/nbd-address'
import { resolve } from 'node:path'
import { consentTo } from './consent-to-plan.ts'
import { planSeen, printPlan } from './show-plan.ts'
import { openThisHost } from './this-host.ts'
import { problemError, throwBusy, whenFree } from './when-free.ts'
import { assertNoFleetOptions, isPlanAsked, type OperateOptions, type Wish } from './wish.ts'

export type { OperateOptions, Wish } from './wish.ts'

/** From a wish to its result: plan, consent, run, report. */
export async function operate(wish: Wish, options: OperateOptions, context: RunContext): Outcome {
  const once = async () => operateOnce(wish, options, context)
  return options.wait === true ? await whenFree(context, once) : await once()
}

async function operateOnce(wish: Wish, options: OperateOptions, context: RunContext): Outcome {
  const { host: name } = options
  if (name !== undefined) {
    // The way to the controller is loaded by those who go it.
    const { operateOnFleet } = await import('./operate-on-fleet.ts')
    return await operateOnFleet(wish, { ...options, host: name }, context)
  }
  assertNoFleetOptions(options)
  const host = openThisHost(context, wish.secret)
  const local = await findLocalOperation(wish.operation)
  const request = await mapPaths(wish.request, local.operation.paths, async (path) =>
    isNbdAddress(path) ? path : resolve(path),
  )
  const plan = await host.plan(local, request, context.signal)
  const paint = paintWith(context.config.color)
  if (plan.kind === 'refusal') {
    if (options.wait === true) throwBusy(plan.problems)
    if (wish.refusal === 'error' && options.plan !== true) throw refusalError(plan)
    if (context.json) context.print(JSON.stringify(plan, null, 2))
    else context.remark(describePlan(plan, paint))
    return exitCodeOf(plan.problems.find(({ severity }) => severity === 'block')?.id ?? '')
  }
  if (isPlanAsked(options)) {
    await printPlan(plan, options, { adapters: host.adapters, context })
    return exitCodes.ok
  }
  const accepted = await consentTo(
    {
      summary: plan.summary,
      file: subjectOf(plan),
      waiting: plan.warnings.filter(needsAcceptance),
      isAsked: wish.isAsked,
      // Made only for somebody who looks at it.
      show: async () => describePlan(await planSeen(plan, host.adapters), paint),
    },
    options,
    context,
  )
  wish.notice?.(plan.warnings)
  const state = await showRun(context, (show) =>
    host.runs.start(
      { plan, request, accepted, ...(wish.durability && { durability: wish.durability }) },
      { stop: new AbortController().signal, cancel: context.signal, ...show },
    ),
  )
  if (!context.json && !wish.notice)
    for (const line of problemLines(plan.warnings, paint)) context.remark(line)
  if (state.phase === 'succeeded' && wish.report) return await wish.report(state)
  return reportRun(state, context, wish)
}

/** The first reason of a refusal as an error. */
function refusalError({ problems, operation }: Refusal): DiskError {
  const [first] = problems
  if (!first) throw new RangeError(`${operation} is refused without a reason`)
  return problemError({ ...first, file: first.file ?? operation })
}

/** Prints how a run ended and gives the exit code. */
export function reportRun(
  state: RunState,
  context: RunContext,
  { told, record }: Pick<Wish, 'told' | 'record'> = {},
): Awaited<Outcome> {
  const { phase, undoFailures } = state
  const error = errorOf(state)
  const isDone = phase === 'succeeded'
  if (context.json) context.print(JSON.stringify(isDone && record ? record(state) : runRecord(state)))
  else if (isDone) context.print((told?.(state) ?? lastWords(state)).map(printable).join('\n'))
  if (phase === 'succeeded') return exitCodes.ok
  if (phase === 'undone') return reportUndone(state, context)
  if (!context.json) {
    if (error) context.remark(`varve: ${printable(error.message)}\n       ${printable(error.remedy)}`)
    else context.remark(`varve: ${printable(state.created.plan.summary)}: ${phase}`)
    for (const failure of undoFailures)
      context.remark(`       Undo failed: ${printable(failure.error.message)}`)
    if (undoFailures.length > 0) context.remark(`       Try again with: varve runs ${state.id} --undo`)
  }
  return phase === 'canceled' ? exitCodes.interrupted : exitCodeOf(error?.code ?? '')
}

/** Says that what a run did is undone, or what of it could not be; gives the exit code. */
export function reportUndone(
  { id, phase, created, undoFailures }: RunState,
  { json, print, remark }: Pick<RunContext, 'json' | 'print' | 'remark'>,
): Awaited<Outcome> {
  const [failure] = undoFailures
  if (!json) {
    const words = phase === 'canceled' ? 'given up; what it did is undone' : 'undone'
    if (!failure) print(printable(`${created.plan.summary}: ${words}`))
    for (const { step, error } of undoFailures)
      remark(`varve: undo of ${step} failed: ${printable(error.message)}\n       ${printable(error.remedy)}`)
    if (failure) remark(`       Try again with: varve runs ${id} --undo`)
  }
  return failure ? exitCodeOf(failure.error.code) : exitCodes.ok
}

/** Why it did not succeed: one that was given up, by its own name. */
function errorOf({ error, phase, created }: RunState): ErrorRecord | null {
  if (error !== null || phase !== 'canceled') return error
  const file = subjectOf(created.plan)
  return toErrorRecord(new DiskError('canceled', { file, what: 'the command' }), file)
}

/** A run for scripts: what was done, and what each step gave. */
export function runRecord(state: RunState) {
  const { id, phase, undoFailures, created, endedAt } = state
  const error = errorOf(state)
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

function lastWords({ created, steps }: RunState): readonly string[] {
  const told = steps.flatMap((step) => (step.told === null ? [] : `  ${step.step.id}: ${step.told}`))
  return [created.plan.summary, ...told]
}
