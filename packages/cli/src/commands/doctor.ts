import { stat } from 'node:fs/promises'
import { formatBytes } from '@varve/core/units/format-bytes'
import { DiskError, quote } from '@varve/core/problems/disk-error'
import { diagnose, type Diagnosis, type Diagnosed } from '@varve/engine/doctor/diagnose'
import { findDuplicates } from '@varve/engine/doctor/find-duplicates'
import { lookBy, mendByPurge } from '@varve/engine/doctor/mending'
import { readError } from '@varve/engine/system/system-error'
import { findEntries } from '@varve/engine/quarantine/index-of-entries'
import { shellWord } from '@varve/operations/plans/shown'
import { diagnoseFolder } from '@varve/operations/actions/diagnose-folder'
import type { CommandContext, Outcome, RunContext } from '../command.ts'
import { exitCodes } from '../exit-codes.ts'
import { findLeftovers } from '../find-leftovers.ts'
import { pathOf } from '../input.ts'
import { imageThere, readOnHost, type ReadOnHostOptions } from '../operations/read-on-host.ts'
import { stagingRuns } from '../operations/staging-runs.ts'
import { ProgressLine } from '../output/progress-line.ts'
import { paintWith, printable } from '../output/text.ts'

export interface DoctorOptions {
  /** Read images of one size whole. */
  readonly digest?: boolean
  /** Days. */
  readonly old: number
}

/** `varve doctor FOLDER`: reads only; exit code 1 when there is something to mend. */
export async function doctor(argument: string, options: DoctorOptions, context: RunContext): Outcome {
  const { signal, config, pool } = context
  const folder = pathOf(argument)
  await assertFolder(folder)
  const diagnosed = await diagnose(folder, { roots: null, signal, oldDays: options.old })
  const line = new ProgressLine('digest', config.isTerminal)
  const same =
    options.digest === true
      ? await findDuplicates(diagnosed.images, {
          roots: null,
          signal,
          pool,
          onProgress: ({ doneBytes, totalBytes }) => line.show({ done: doneBytes, total: totalBytes }),
        }).finally(() => line.end())
      : null
  const findings = [
    // Who has read them knows.
    ...diagnosed.findings.filter(({ id }) => same === null || id !== 'maybe-duplicate'),
    ...(same ?? []),
    ...(await leftoverFindings(folder, config.runsFolder)),
    ...(await quarantineFindings(folder)),
  ]
  const { images, looked, unseen } = diagnosed
  return printDiagnosis({ folder, images: images.length, looked, unseen, findings }, context)
}

/** `varve doctor FOLDER --host HOST`: leftovers and quarantines are told on that host itself. */
export async function doctorThere(
  folder: string,
  { digest, old, ...options }: DoctorOptions & ReadOnHostOptions,
  context: CommandContext,
): Outcome {
  const request = { folder: imageThere(folder, {}).path, oldDays: old, digest: digest === true }
  return await readOnHost({ operation: 'doctor', request }, options, context, (result) =>
    printDiagnosis(diagnoseFolder.outcome.parse(result), context),
  )
}

type Told = Pick<Diagnosed, 'folder' | 'looked' | 'unseen' | 'findings'> & { readonly images: number }

function printDiagnosis(told: Told, context: CommandContext): Awaited<Outcome> {
  context.print(context.json ? JSON.stringify(told, null, 2) : described(told, context).join('\n'))
  return told.findings.some(({ severity }) => severity !== 'info') ? exitCodes.different : exitCodes.ok
}

async function assertFolder(folder: string): Promise<void> {
  const stats = await stat(folder).catch((error: unknown) => {
    throw readError(error, folder)
  })
  if (!stats.isDirectory())
    throw new DiskError('not-readable', { file: folder, reason: 'it is not a folder' })
}

async function leftoverFindings(folder: string, runsFolder: string): Promise<Diagnosis[]> {
  const found = await findLeftovers(folder, await stagingRuns(runsFolder))
  return found
    .filter(({ state, path }) => state === 'removable' && path.startsWith(folder))
    .map(({ path, bytes }) => ({
      id: 'leftover',
      severity: 'warn',
      layer: 'L1',
      file: path,
      message: `L1 ${quote(path)}: a command or run that died has left it, ${formatBytes(bytes)}`,
      remedy: 'Nobody needs it: remove it.',
      details: { bytes },
      ...lookBy('leftovers', folder, '--remove'),
    }))
}

/** What is in quarantine for longer than it was to be. */
async function quarantineFindings(folder: string): Promise<Diagnosis[]> {
  const { entries } = await findEntries(undefined, [folder])
  const now = new Date().toISOString()
  return entries
    .filter(({ manifest }) => manifest.until < now)
    .map(({ path, manifest }) => ({
      id: 'quarantine-over',
      severity: 'info',
      layer: 'L1',
      file: path,
      message: `L1 ${quote(path)}: it keeps ${quote(manifest.image)}, which was to be kept until ${manifest.until.slice(0, 10)}`,
      remedy: 'Remove it for good if nobody missed it.',
      details: { id: manifest.id, until: manifest.until },
      ...mendByPurge(manifest.id, folder),
    }))
}

function described(
  { folder, images, looked, unseen, findings }: Told,
  { config }: CommandContext,
): readonly string[] {
  const paint = paintWith(config.color)
  const colors = { block: 'red', warn: 'yellow', info: 'dim' } as const
  const head = `${printable(folder)}: ${images} images, ${looked} files looked at`
  const nothing = findings.length === 0 ? ['Nothing is to be mended.'] : []
  return [
    head,
    ...(unseen === null ? [] : [paint('yellow', `More may be there: ${printable(unseen)}.`)]),
    ...nothing,
    ...findings.flatMap(({ id, severity, message, remedy, command }) => [
      `${paint(colors[severity], severity.padEnd(5))} ${id}  ${printable(message)}`,
      `      ${printable(remedy)}`,
      ...(command === null ? [] : [`      ${printable(command.map(shellWord).join(' '))}`]),
    ]),
  ]
}
