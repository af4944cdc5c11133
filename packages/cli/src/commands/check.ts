import { formatBytes } from '@varve/core/binary/format-bytes'
import type { CheckReport } from '@varve/core/formats/check-report'
import { checkFile } from '@varve/engine/check-file'
import { repairFile, undoRepair } from '@varve/engine/repair-file'
import { UsageError, type AcceptOptions, type CommandContext, type Outcome } from '../command.ts'
import { inUseOf } from '../consent.ts'
import { exitCodes, type ExitCode } from '../exit-codes.ts'
import { imageInput, pathOf, type ReadingOptions } from '../input.ts'
import { paintWith, printable, problemLines } from '../output/text.ts'

export interface CheckCommand extends ReadingOptions, AcceptOptions {
  readonly file: string
  readonly repair?: boolean
  readonly backup?: string
  /** The backup of the repair to be undone. */
  readonly undo?: string
}

/** `varve check FILE`. Exit code 3 when it is corrupt, 9 when it only leaks. */
export async function check(command: CheckCommand, context: CommandContext): Outcome {
  const { undo, repair = false, backup } = command
  const { path, format, choices } = imageInput(command.file, command)
  if (undo !== undefined) {
    if (repair || backup !== undefined) throw new UsageError('--undo BACKUP goes with nothing else.')
    await undoRepair(path, pathOf(undo))
    context.print(
      context.json ? JSON.stringify({ undone: true }) : 'What the repair had overwritten is back.',
    )
    return exitCodes.ok
  }
  if (repair && backup === undefined) throw new UsageError('--repair needs --backup FILE.')
  if (!repair && backup !== undefined) throw new UsageError('--backup is for --repair only.')
  // A check judges the image as it is.
  const options = { roots: null, format, choices: { ...choices, rescue: false }, signal: context.signal }
  const outcome =
    backup === undefined
      ? { fixes: [], ...(await checkFile(path, { ...options, inUse: inUseOf(command.accept) })) }
      : await repairFile(path, { ...options, backup: pathOf(backup) })
  const { report, fixes } = outcome
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
