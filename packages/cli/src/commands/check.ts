import { formatBytes } from '@varve/core/units/format-bytes'
import type { CheckReport } from '@varve/core/image/check-report'
import { checkFile } from '@varve/engine/images/check-file'
import { undoRepair } from '@varve/engine/images/repair-file'
import { examineImage } from '@varve/operations/actions/examine-image'
import { examineByTool } from '@varve/operations/actions/examine-by-tool'
import type { ExaminingTool } from '@varve/operations/read/examining-tools'
import { outcomeOf, type RunState } from '@varve/operations/runs/run-state'
import { UsageError, type AcceptOptions, type CommandContext, type Outcome } from '../command.ts'
import { inUseOf } from '../consent.ts'
import { exitCodes, type ExitCode } from '../exit-codes.ts'
import { withThreads } from '../grammar/with-threads.ts'
import { diskInput, pathOf, type ReadingOptions } from '../input.ts'
import { operate } from '../operations/operate.ts'
import { imageOf, inUseWish, readByPlan, type ReadByPlanOptions } from '../operations/read-by-plan.ts'
import { paintWith, printable, problemLines } from '../output/text.ts'

export interface CheckCommand extends ReadingOptions, AcceptOptions {
  readonly file: string
  readonly backup?: string
  readonly with?: 'varve' | ExaminingTool
  /** The backup of the repair to be undone. */
  readonly undo?: string
}

/** What belongs to a repair only. */
const ofRepair = ['backup', 'what']
/** What goes with a plan, and not with putting back. */
const ofPlan = ['plan', 'script', 'wait', 'yes']
/** What goes with --host only. */
const ofHost = ['library', 'detach', 'controller']

/** `varve check FILE`. Exit code 3 when it is corrupt, 9 when it only leaks. */
export async function check(command: CheckCommand, context: CommandContext): Outcome {
  const { undo } = command
  const input = diskInput(command.file, command)
  const stray = [...ofRepair, ...ofPlan, 'host', ...ofHost].filter((name) => Object.hasOwn(command, name))
  if (undo !== undefined) {
    if (stray.length > 0) throw new UsageError('--undo BACKUP goes with nothing else.')
    await undoRepair(pathOf(command.file), pathOf(undo))
    context.print(
      context.json ? JSON.stringify({ undone: true }) : 'What the repair had overwritten is back.',
    )
    return exitCodes.ok
  }
  assertNothingOfRepair(command)
  if (input.kind === 'nbd') {
    const { checkExport } = await import('@varve/engine/disks/inspect-export')
    return printCheck(await checkExport(input, context.signal), [], context)
  }
  // A check judges the image as it is.
  const { path, format, choices } = input
  const options = { roots: null, format, choices: { ...choices, rescue: false }, signal: context.signal }
  const { report } = await checkFile(path, { ...options, inUse: inUseOf(command.accept) })
  return printCheck(report, [], context)
}

/** `varve check FILE` with --plan, --script or --host. */
export async function checkByPlan(
  command: CheckCommand & ReadByPlanOptions,
  context: CommandContext,
): Outcome {
  if (command.undo !== undefined) throw new UsageError('--undo BACKUP goes with nothing else.')
  assertNothingOfRepair(command)
  const request = checkRequest(command)
  return await readByPlan({ operation: 'check', request }, command, context, (result, { steps }) => {
    const asked = steps.find(({ id }) => id === 'ask')
    return printBoth(examineImage.outcome.parse(result).report, asked?.result, context)
  })
}

/** `varve check FILE --with TOOL`: what Varve finds, and what the tool does. */
export async function checkWithTool(
  command: CheckCommand & ReadByPlanOptions,
  context: CommandContext,
): Outcome {
  if (command.undo !== undefined) throw new UsageError('--undo BACKUP goes with nothing else.')
  assertNothingOfRepair(command)
  async function report({ steps }: RunState): Outcome {
    const outcome = (name: string) => {
      const done = steps.find(({ step: { action } }) => action === name)
      return done && outcomeOf(done)
    }
    const own = examineImage.outcome.parse(outcome(examineImage.name))
    return await Promise.resolve(printBoth(own.report, outcome(examineByTool.name), context))
  }
  const wish = { operation: 'check', request: checkRequest(command), isAsked: false, report } as const
  const { accept } = command
  return await withThreads(context, [], async (running) =>
    operate({ ...wish, refusal: 'error' }, { ...(accept !== undefined && { accept }) }, running),
  )
}

function checkRequest(command: CheckCommand & ReadByPlanOptions) {
  const { with: by = 'varve', accept, file } = command
  return { image: imageOf(file, command), inUse: inUseWish(accept), by: by === 'varve' ? null : by }
}

/** Prints both opinions; the worse one gives the exit code. */
function printBoth(report: CheckReport, asked: unknown, context: CommandContext): Awaited<Outcome> {
  if (asked === undefined) return printCheck(report, [], context)
  const second = examineByTool.outcome.parse(asked)
  const codes = [exitCodeOf(report), exitCodeOf(second.report)]
  if (context.json) context.print(JSON.stringify({ ...report, fixes: [], second }, null, 2))
  else
    for (const one of [report, second.report])
      context.print(describe(one, { fixes: [], color: context.config.color }))
  if (codes.includes(exitCodes.imageRefused)) return exitCodes.imageRefused
  return codes.includes(exitCodes.leaks) ? exitCodes.leaks : exitCodes.ok
}

function assertNothingOfRepair(command: object): void {
  const stray = [...ofRepair, ...('host' in command ? [] : ofHost)].find((name) =>
    Object.hasOwn(command, name),
  )
  if (stray !== undefined)
    throw new UsageError(`--${stray} is for ${ofHost.includes(stray) ? '--host' : '--repair'} only.`)
}

/** Prints what a check found, after a repair with what was done; gives the exit code. */
export function printCheck(
  report: CheckReport,
  fixes: readonly string[],
  context: CommandContext,
): Awaited<Outcome> {
  if (context.json) context.print(JSON.stringify({ ...report, fixes }, null, 2))
  else context.print(describe(report, { fixes, color: context.config.color }))
  return exitCodeOf(report)
}

function exitCodeOf({ totals, isComplete }: CheckReport): ExitCode {
  if (totals.corruptions > 0 || !isComplete) return exitCodes.imageRefused
  return totals.leaks > 0 ? exitCodes.leaks : exitCodes.ok
}

function describe(
  report: CheckReport,
  { fixes, color }: { fixes: readonly string[]; color: boolean },
): string {
  const paint = paintWith(color)
  const { corruptions, leaks, leakedBytes, allocatedBytes } = report.totals
  const state = !report.isComplete
    ? paint('red', 'cannot be checked to its end')
    : corruptions > 0
      ? paint('red', `corrupt: ${corruptions} ${corruptions === 1 ? 'contradiction' : 'contradictions'}`)
      : leaks > 0
        ? paint('yellow', `no corruption, ${leaks} leaks`)
        : report.totals.remarks > 0
          ? paint(
              'yellow',
              `no corruption, ${report.totals.remarks} ${report.totals.remarks === 1 ? 'remark' : 'remarks'}`,
            )
          : paint('green', 'nothing wrong')
  const facts = [
    report.checked.length === 0 ? null : `checked: ${report.checked.join(', ')}`,
    allocatedBytes === null ? null : `${formatBytes(allocatedBytes)} allocated`,
    leakedBytes === 0 ? null : `${formatBytes(leakedBytes)} leaked`,
  ].filter((fact) => fact !== null)
  const listed = report.findings.reduce((sum, { count = 1 }) => sum + count, 0)
  const hidden = corruptions + leaks + report.totals.remarks - listed
  return [
    `${paint('bold', printable(report.file))} · ${report.format} · ${state}`,
    ...(facts.length === 0 ? [] : [facts.join(' · ')]),
    ...fixes.map((fix) => `${paint('green', 'done')}   ${printable(fix)}`),
    ...problemLines(report.findings, paint),
    ...(hidden > 0 ? [`… and ${hidden} more`] : []),
  ].join('\n')
}
