import { formatSeconds } from '@varve/protocol/migration-words'
import type { KnownRun } from '@varve/agent/runs/known-runs'
import { isOver } from '@varve/operations/runs/run-state'
import { findAction } from '@varve/operations/actions/action-table'
import { UsageError, type Outcome, type RunContext } from '../command.ts'
import { exitCodes } from '../exit-codes.ts'
import { readByPlan } from '../operations/read-by-plan.ts'
import { printPlan } from '../operations/show-plan.ts'
import { openThisHost } from '../operations/this-host.ts'
import { assertNoPlanAsked, isPlanAsked, type FreeOptions } from '../operations/wish.ts'
import { reportRun, reportUndone, runRecord } from '../operations/operate.ts'
import {
  changeFleetRun,
  describeFleetRun,
  followRun,
  reportFleetRun,
} from '../operations/operate-on-fleet.ts'
import type { RunView } from '@varve/protocol/runs'
import { rowLimit } from '../row-limit.ts'
import { ask, openFleet } from '../fleet.ts'
import { showRun } from '../output/run-lines.ts'
import { table } from '../output/table.ts'
import { paintWith, printable } from '../output/text.ts'

export interface RunsOptions extends FreeOptions {
  readonly id: string | null
  /** Rows of a list, or `all`. */
  readonly limit?: string
  /** Of the fleet, not of this host. */
  readonly fleet?: boolean
  readonly controller?: string
  readonly forget?: boolean
  readonly cancel?: boolean
  readonly resume?: boolean
  readonly undo?: boolean
}

/** `varve runs [ID]`: the runs of this host, or one in detail; cancels, resumes or undoes it. */
export async function runs(options: RunsOptions, context: RunContext): Outcome {
  const { id } = options
  const limit = rowLimit(options.limit ?? (context.json ? 'all' : '20'))
  const wishes = (['cancel', 'resume', 'undo', 'forget'] as const).filter((wish) => options[wish] === true)
  const [wish, ...others] = wishes
  if (others.length > 0) throw new UsageError('Say one of --cancel, --resume, --undo and --forget.')
  if (wish !== undefined && id === null) throw new UsageError(`Say which run --${wish} is about.`)
  if (options.fleet === true || options.controller !== undefined) {
    assertNoPlanAsked(options, 'a run of the fleet any more')
    return await fleetRuns({ id, wish: wish ?? null, controller: options.controller, limit }, context)
  }
  if (wish === 'forget')
    throw new UsageError('--forget goes with --fleet: the runs of this host are its evidence.')
  if (id === null && isPlanAsked(options))
    return await readByPlan({ operation: 'runs', request: {} }, options, context, () => exitCodes.ok)
  const { runs: known, adapters } = openThisHost(context)
  if (id === null) {
    const all = await known.list()
    const shown = all.slice(0, limit)
    context.print(
      context.json
        ? JSON.stringify(
            shown.map(({ state, pid }) => ({ ...runRecord(state), pid })),
            null,
            2,
          )
        : describeRuns(shown, context),
    )
    remarkRest(all.length, shown.length, context)
    return exitCodes.ok
  }
  if (wish === undefined) {
    const run = await known.find(id)
    if (isPlanAsked(options)) {
      await printPlan(run.state.created.plan, options, { adapters, context })
      return exitCodes.ok
    }
    context.print(
      context.json
        ? JSON.stringify({ ...runRecord(run.state), pid: run.pid }, null, 2)
        : describeRun(run, context),
    )
    return exitCodes.ok
  }
  if (isPlanAsked(options)) {
    await printPlan(await known.wished(id, wish), options, { adapters, context })
    return exitCodes.ok
  }
  const stop = new AbortController().signal
  const state = await showRun(context, (show) => known[wish](id, { stop, cancel: context.signal, ...show }))
  if (wish !== 'cancel' || state.phase !== 'canceled') return reportRun(state, context)
  if (context.json) context.print(JSON.stringify(runRecord(state)))
  return reportUndone(state, context)
}

interface OfFleet {
  readonly id: string | null
  readonly wish: 'cancel' | 'resume' | 'undo' | 'forget' | null
  readonly controller: string | undefined
  readonly limit: number
}

async function fleetRuns({ id, wish, controller, limit }: OfFleet, context: RunContext): Outcome {
  await using fleet = openFleet(context, controller)
  const address = controller ?? context.config.controller
  if (id === null) {
    const all = await ask(address, () => fleet.api.runs.list.query({}))
    const shown = all.slice(0, limit)
    context.print(context.json ? JSON.stringify(shown, null, 2) : describeFleetRuns(shown, context))
    remarkRest(all.length, shown.length, context)
    return exitCodes.ok
  }
  if (wish === null) {
    const run = await ask(address, () => fleet.api.runs.get.query({ id }))
    context.print(context.json ? JSON.stringify(run, null, 2) : describeFleetRun(run, context))
    return exitCodes.ok
  }
  const run = await changeFleetRun(fleet, address, { id, wish })
  if (run === null) return exitCodes.ok
  const ended = run.finishedAt === null ? await followRun(fleet, run, context) : run
  if (ended === null) return exitCodes.interrupted
  const exitCode = reportFleetRun(ended, context)
  return wish === 'cancel' && ended.state === 'canceled' ? exitCodes.ok : exitCode
}

function remarkRest(total: number, shown: number, context: RunContext): void {
  if (total > shown) context.remark(`${shown} of ${total} shown; --limit all shows the rest`)
}

function describeFleetRuns(all: readonly RunView[], { config }: RunContext): string {
  if (all.length === 0) return 'No runs yet.'
  const rows = all.map(({ number, state, hosts, startedAt, summary }) => [
    String(number),
    state,
    hosts.join(', '),
    startedAt.slice(0, 19).replace('T', ' '),
    summary,
  ])
  return table(
    [
      { title: 'RUN', align: 'right' },
      { title: 'STATE' },
      { title: 'HOST' },
      { title: 'STARTED (UTC)' },
      { title: 'WHAT', cut: 'end' },
    ],
    rows,
    config,
  )
}

function phaseWords({ state, pid }: KnownRun): string {
  return isOver(state) || pid !== null ? state.phase : `${state.phase}, cut off`
}

function describeRuns(all: readonly KnownRun[], { config }: RunContext): string {
  if (all.length === 0) return 'No runs yet.'
  const rows = all.map((run) => [
    run.state.id,
    phaseWords(run),
    run.state.created.at.slice(0, 19).replace('T', ' '),
    run.state.created.plan.summary,
  ])
  const columns = [
    { title: 'RUN' },
    { title: 'STATE' },
    { title: 'STARTED (UTC)' },
    { title: 'WHAT', cut: 'end' },
  ] as const
  return table(columns, rows, config)
}

function describeRun(run: KnownRun, { config }: RunContext): string {
  const paint = paintWith(config.color)
  const { state } = run
  const { created, steps, error, endedAt, undoFailures } = state
  const took = endedAt === null ? null : (Date.parse(endedAt) - Date.parse(created.at)) / 1000
  return [
    `${paint('bold', printable(created.plan.summary))}`,
    `run ${state.id} · ${phaseWords(run)} · ${created.at}${took === null ? '' : ` · ${formatSeconds(took)}`}`,
    ...steps.map(({ step, phase, told }, index) => {
      const layer = findAction(step.action).layer
      return `  ${index + 1}. ${(layer === 'all' ? 'all' : layer).padEnd(3)} ${step.id.padEnd(12)} ${phase.padEnd(8)} ${printable(told ?? '')}`
    }),
    ...(error ? [printable(error.message), `  ${paint('dim', printable(error.remedy))}`] : []),
    ...undoFailures.map((failure) => `undo of ${failure.step} failed: ${printable(failure.error.message)}`),
    ...(isOver(state) || run.pid !== null
      ? []
      : [`It was cut off: varve runs ${state.id} --resume goes on, --cancel undoes it.`]),
  ].join('\n')
}
