import { DiskError, fromErrorRecord } from '@varve/core/problems/disk-error'
import { needsAcceptance } from '@varve/core/problems/problem'
import { Payload } from '@varve/protocol/primitives'
import type { PlanAnswer, RunView } from '@varve/protocol/runs'
import { randomUUID } from 'node:crypto'
import type { CommandContext, Outcome } from '../command.ts'
import { exitCodeOf, exitCodes } from '../exit-codes.ts'
import { ask, openFleet, type Fleet } from '../fleet.ts'
import { describePlan } from '../output/describe-plan.ts'
import { ProgressLine } from '../output/progress-line.ts'
import { paintWith, printable, problemLines } from '../output/text.ts'
import { consentTo } from './consent-to-plan.ts'
import { throwBusy } from './when-free.ts'
import type { OperateOptions, Wish } from './wish.ts'

/** The same wish on a host of the fleet: its agent plans, the controller carries the plan out. */
export async function operateOnFleet(
  wish: Wish,
  options: OperateOptions & { readonly host: string },
  context: CommandContext,
  report: (run: RunView, context: CommandContext) => Awaited<Outcome> = reportFleetRun,
): Outcome {
  const controller = options.controller ?? context.config.controller
  await using fleet = openFleet(context, options.controller)
  const paint = paintWith(context.config.color)
  const asked = {
    host: options.host,
    library: options.library ?? null,
    operation: wish.operation,
    request: Payload.parse(wish.request),
  }
  const answer = await ask(controller, () => fleet.api.runs.plan.query(asked, { signal: context.signal }))
  const { plan, digest: seen } = answer
  if (options.wait === true && plan.kind === 'refusal') throwBusy(plan.problems)
  if (plan.kind === 'refusal' || options.plan === true || options.script === true)
    return showPlan(answer, options, context)
  const accepted = await consentTo(
    {
      summary: plan.summary,
      file: `${options.host}:${plan.summary}`,
      waiting: plan.warnings.filter(needsAcceptance),
      isAsked: wish.isAsked,
      show: async () => describePlan(plan, paint),
    },
    options,
    context,
  )
  const run = await ask(controller, () =>
    fleet.api.runs.start.mutate({ ...asked, idempotencyKey: randomUUID(), accepted, seen }),
  )
  if (options.detach === true) {
    context.print(
      context.json ? JSON.stringify(run) : `Run ${run.number} started; see: varve runs ${run.number} --fleet`,
    )
    return exitCodes.ok
  }
  const ended = await followRun(fleet, run, context)
  if (ended === null) return exitCodes.interrupted
  if (!context.json) for (const line of problemLines(plan.warnings, paint)) context.remark(line)
  return ended.state === 'succeeded' ? report(ended, context) : reportFleetRun(ended, context)
}

function showPlan({ plan, script }: PlanAnswer, options: OperateOptions, context: CommandContext) {
  const paint = paintWith(context.config.color)
  if (plan.kind === 'refusal') {
    if (context.json) context.print(JSON.stringify(plan, null, 2))
    else context.remark(describePlan(plan, paint))
    return exitCodeOf(plan.problems.find(({ severity }) => severity === 'block')?.id ?? '')
  }
  if (options.script === true) context.print(script ?? '')
  else context.print(context.json ? JSON.stringify(plan, null, 2) : describePlan(plan, paint))
  return exitCodes.ok
}

const pollMs = 500

/** Follows a run to its end; Ctrl-C stops following, not the run, and gives null. */
export async function followRun(
  { api }: Fleet,
  { id, number }: RunView,
  context: CommandContext,
): Promise<RunView | null> {
  let line: ProgressLine | null = null
  let title = ''
  let waited: string | null = null
  const end = () => {
    line?.end()
    line = null
  }
  try {
    for (;;) {
      if (context.signal.aborted) {
        end()
        context.remark(
          `No longer followed; run ${number} goes on. End it with: varve runs ${number} --fleet --cancel`,
        )
        return null
      }
      const run = await api.runs.get.query({ id }).catch(() => null)
      if (run?.finishedAt !== undefined && run.finishedAt !== null) return run
      const step = run?.steps.find(({ state }) => state === 'running')
      if (step && step.title !== title) {
        end()
        title = step.title
      }
      if (run?.progress && step) {
        line ??= new ProgressLine(step.title.toLowerCase(), context.config.isTerminal)
        line.show({ done: run.progress.done, total: run.progress.total })
      }
      if (run && run.waitsFor !== waited) {
        waited = run.waitsFor
        end()
        if (waited !== null) context.remark(`Waits for the agent on ${waited}, which does not answer.`)
      }
      await new Promise((resolve) => setTimeout(resolve, pollMs))
    }
  } finally {
    end()
  }
}

/** Prints how a run of the fleet ended, and gives the exit code. */
export function reportFleetRun(run: RunView, context: CommandContext): Awaited<Outcome> {
  const { state, error, undoFailures } = run
  if (context.json) context.print(JSON.stringify(run))
  else if (state === 'succeeded' || state === 'undone') context.print(describeFleetRun(run, context))
  if (state === 'succeeded' || state === 'undone') return exitCodes.ok
  if (!context.json) {
    const told = error
      ? fromErrorRecord(error)
      : new DiskError('canceled', { file: run.summary, what: 'the run' })
    context.remark(`varve: ${printable(told.message)}\n       ${printable(told.remedy)}`)
    for (const failure of undoFailures)
      context.remark(`       Undo failed: ${printable(failure.error.message)}`)
    if (undoFailures.length > 0)
      context.remark(`       Try again with: varve runs ${run.number} --fleet --undo`)
  }
  return state === 'canceled' ? exitCodes.interrupted : exitCodeOf(error?.code ?? '')
}

/** A run with its steps, a line each. */
export function describeFleetRun(run: RunView, { config }: CommandContext): string {
  const paint = paintWith(config.color)
  return [
    paint('bold', printable(run.summary)),
    `run ${run.number} · ${run.state}${run.waitsFor === null ? '' : `, waits for ${run.waitsFor}`} · ${run.startedAt}${run.askedBy === null ? '' : `, asked by the ${run.askedBy}`}`,
    ...run.steps.map(
      ({ layer, id, host, state, outcome }, index) =>
        `  ${index + 1}. ${layer.padEnd(3)} ${id.padEnd(12)} ${state.padEnd(8)} ${host}  ${printable(outcome ?? '')}`,
    ),
    ...(run.error ? [printable(run.error.message), `  ${paint('dim', printable(run.error.remedy))}`] : []),
  ].join('\n')
}

/** One of the things that can be done with a run of the fleet. */
export async function changeFleetRun(
  { api }: Fleet,
  controller: string,
  { id, wish }: { readonly id: string; readonly wish: 'cancel' | 'resume' | 'undo' | 'forget' },
): Promise<RunView | null> {
  const run = await ask(controller, () => api.runs.get.query({ id }))
  if (wish === 'forget') {
    await ask(controller, () => api.runs.forget.mutate({ id: run.id }))
    return null
  }
  return await ask(controller, () => api.runs[wish].mutate({ id: run.id }))
}
