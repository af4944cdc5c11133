import { stat } from 'node:fs/promises'
import { stagingRuns } from '@varve/agent/runs/staging-runs'
import { DiskError } from '@varve/core/problems/disk-error'
import { examineFolder } from '@varve/engine/doctor/examine-folder'
import { readError } from '@varve/engine/system/system-error'
import { diagnoseFolder } from '@varve/operations/actions/diagnose-folder'
import { UsageError, type Outcome, type RunContext } from '../command.ts'
import { exitCodes, type ExitCode } from '../exit-codes.ts'
import { pathOf, placeOf } from '../input.ts'
import { readByPlan } from '../operations/read-by-plan.ts'
import { assertNoFleetOptions, isReadByPlan } from '../operations/wish.ts'
import type { OperateOptions } from '../operations/operate.ts'
import { ProgressLine } from '../output/progress-line.ts'
import { mendFindings, type Look } from './doctor-fix.ts'
import { findingLines, lookedAt, type Told } from './doctor-report.ts'

export interface DoctorOptions extends OperateOptions {
  /** Read images of one size whole. */
  readonly digest?: boolean
  /** Days. */
  readonly old: number
  /** Mend what an operation mends. */
  readonly fix?: boolean
}

/** `varve doctor FOLDER`: reads only, unless it is to mend; exit code 1 when something is left to mend. */
export async function doctor(argument: string, options: DoctorOptions, context: RunContext): Outcome {
  const { fix = false, digest = false, host, detach } = options
  if (!fix) assertOnlyLooks(options)
  if (fix && detach === true) throw new UsageError('--fix waits for what it mends: without --detach.')
  const look =
    host !== undefined || process.platform === 'win32' || (!fix && isReadByPlan(options))
      ? await lookByPlan(argument, fix ? onlyLook(options) : options, context)
      : await lookHere(argument, options, context)
  const told = await look(digest)
  if (typeof told === 'number') return told
  return fix ? await mendFindings(told, { look, options, context }) : printDiagnosis(told, context)
}

/** What is shown, and consented to, is what mends. */
function onlyLook({ plan: _plan, script: _script, yes: _yes, ...rest }: DoctorOptions): DoctorOptions {
  return rest
}

function assertOnlyLooks({ accept, wait, host }: DoctorOptions): void {
  const isAccepted = accept !== undefined && host === undefined
  if (wait === true || isAccepted) throw new UsageError('--accept and --wait go with --fix.')
}

async function lookHere(
  argument: string,
  options: DoctorOptions,
  { signal, config, pool }: RunContext,
): Promise<Look> {
  assertNoFleetOptions(options)
  const folder = pathOf(argument)
  await assertFolder(folder)
  return async (digest) => {
    const line = new ProgressLine('digest', config.isTerminal)
    const onProgress = ({ doneBytes, totalBytes }: { doneBytes: number; totalBytes: number }) =>
      line.show({ done: doneBytes, total: totalBytes })
    const { images, looked, unseen, findings } = await examineFolder(folder, {
      roots: null,
      signal,
      oldDays: options.old,
      digest: digest ? { signal, pool, onProgress } : null,
      runOfStaging: await stagingRuns(config.runsFolder),
    }).finally(() => line.end())
    return { folder, images: images.length, looked, unseen, findings }
  }
}

async function lookByPlan(argument: string, options: DoctorOptions, context: RunContext): Promise<Look> {
  const folder = placeOf(argument, options)
  if (options.host === undefined) await assertFolder(folder)
  return async (digest) => {
    let told: Told | null = null
    const request = { folder, oldDays: options.old, digest }
    const exitCode: ExitCode = await readByPlan(
      { operation: 'doctor', request },
      options,
      context,
      (result) => {
        told = diagnoseFolder.outcome.parse(result)
        return exitCodes.ok
      },
    )
    return told ?? exitCode
  }
}

function printDiagnosis(told: Told, context: RunContext): ExitCode {
  const { findings } = told
  const lines = () => [
    ...lookedAt(told, context),
    ...(findings.length === 0 ? ['Nothing is to be mended.'] : []),
    ...findingLines(findings, context),
  ]
  context.print(context.json ? JSON.stringify(told, null, 2) : lines().join('\n'))
  return findings.some(({ severity }) => severity !== 'info') ? exitCodes.different : exitCodes.ok
}

async function assertFolder(folder: string): Promise<void> {
  const stats = await stat(folder).catch((error: unknown) => {
    throw readError(error, folder)
  })
  if (!stats.isDirectory())
    throw new DiskError('not-readable', { file: folder, reason: 'it is not a folder' })
}
