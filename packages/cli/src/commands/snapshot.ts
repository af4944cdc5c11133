import { realpath } from 'node:fs/promises'
import { formatBytes } from '@varve/core/units/format-bytes'
import { isVolumeAddress } from '@varve/core/image/volume-address'
import type { ImageReport } from '@varve/core/image/image-report'
import { inspectFile } from '@varve/engine/images/inspect-file'
import { sharedSnapshots, type SharedSnapshot } from '@varve/engine/images/shared-snapshots'
import { inspectImage } from '@varve/operations/actions/inspect-image'
import { replaceVolume } from '@varve/operations/actions/replace-volume'
import type { RunState } from '@varve/operations/runs/run-state'
import { UsageError, type CommandContext, type Outcome, type RunContext } from '../command.ts'
import { exitCodeOf, exitCodes } from '../exit-codes.ts'
import { pathOf, placeOf } from '../input.ts'
import { operate, runRecord, type OperateOptions } from '../operations/operate.ts'
import { windowsHost } from '../operations/this-host.ts'
import { readByPlan, type ReadByPlanOptions } from '../operations/read-by-plan.ts'
import { table } from '../output/table.ts'
import { printable } from '../output/text.ts'
import { outcomeIn, toldOfKept } from './resize-record.ts'
import { assertRawVolume } from './volume-options.ts'

export interface SnapshotCreateOptions extends OperateOptions {
  readonly external?: boolean
  readonly checkpoint?: 'production' | 'standard'
}

/** `varve snapshot list IMAGE`: those inside the image, of a raw one the files that share its blocks; reads only. */
export async function snapshotList(image: string, context: CommandContext): Outcome {
  if (isVolumeAddress(image)) throw new UsageError(ofVolumes)
  const checkpoints = process.platform === 'win32' ? await checkpointsOf(pathOf(image)) : null
  if (checkpoints) return printSnapshots({ snapshots: checkpoints, problems: [], format: 'vhdx' }, context)
  const report = await inspectFile(pathOf(image), { roots: null, signal: context.signal })
  const shared = report.format === 'raw' ? await sharedSnapshots(await realpath(report.path)) : []
  return printSnapshots({ ...report, snapshots: [...report.snapshots, ...shared.map(asSnapshot)] }, context)
}

/** `varve snapshot list IMAGE` with --plan, --script or --host. */
export async function snapshotListByPlan(
  image: string,
  options: ReadByPlanOptions,
  context: CommandContext,
): Outcome {
  const request = { image: { path: placeOf(image, options), format: null, reading: {} } }
  return await readByPlan({ operation: 'info', request }, options, context, (result) =>
    printSnapshots(inspectImage.outcome.parse(result).report, context),
  )
}

/** Of the machine of Hyper-V that has the image as a disk; null: none has. */
async function checkpointsOf(path: string): Promise<ImageReport['snapshots'] | null> {
  const { machineOfImage } = await import('@varve/agent/operations/machine-of-image')
  const machine = await machineOfImage(path, { windowsHost, roots: null })
  return (
    machine &&
    machine.checkpoints.all.map(({ id, name, madeAt }) => ({
      id,
      name,
      takenAt: madeAt,
      virtualSize: null,
      stateSize: 0,
    }))
  )
}

function asSnapshot({ name, madeAt, size }: SharedSnapshot): ImageReport['snapshots'][number] {
  return { id: '', name, takenAt: new Date(madeAt).toISOString(), virtualSize: size, stateSize: 0 }
}

function printSnapshots(
  { snapshots, problems, format }: Pick<ImageReport, 'snapshots' | 'problems' | 'format'>,
  context: CommandContext,
): Awaited<Outcome> {
  if (context.json) context.print(JSON.stringify(snapshots, null, 2))
  else if (snapshots.length === 0)
    context.print(`There are no snapshots ${format === 'raw' ? 'of' : 'inside'} this ${format} image.`)
  else
    context.print(
      table(
        [
          { title: 'ID' },
          { title: 'NAME', cut: 'end' },
          { title: 'TAKEN' },
          { title: 'DISK' },
          { title: 'MACHINE' },
        ],
        snapshots.map(({ id, name, takenAt, virtualSize, stateSize }) => [
          printable(id),
          printable(name),
          takenAt.slice(0, 19).replace('T', ' '),
          virtualSize === null ? '' : formatBytes(virtualSize),
          stateSize === 0 ? '' : formatBytes(stateSize),
        ]),
        context.config,
      ),
    )
  const broken = problems.find(({ severity }) => severity === 'block')
  return broken ? exitCodeOf(broken.id) : exitCodes.ok
}

interface Named {
  readonly image: string
  readonly name: string | undefined
}

/** `varve snapshot create IMAGE [NAME] [--external]`; without a name the time is one. */
export async function snapshotCreate(
  { image, name }: Named,
  options: SnapshotCreateOptions,
  context: RunContext,
): Outcome {
  const isExternal = options.external === true
  if (isVolumeAddress(image)) {
    assertRawVolume([[isExternal, 'A volume is no overlay: --external is not for it.']], options.host)
    const wish = { volume: image, name: name ?? timeName(image, false) }
    return await operate({ operation: 'snapshot-volume', request: wish, isAsked: false }, options, context)
  }
  const request = {
    image: placeOf(image, options),
    name: name ?? timeName(image, isExternal),
    kind: isExternal ? 'external' : 'internal',
    ...(options.checkpoint && { checkpoint: options.checkpoint }),
  }
  return await operate({ operation: 'snapshot-create', request, isAsked: false }, options, context)
}

/** `varve snapshot apply|delete IMAGE NAME`. */
export async function snapshotChange(
  deed: 'apply' | 'delete',
  { image, name = '' }: Named,
  options: SnapshotCreateOptions,
  context: RunContext,
): Outcome {
  if (options.external === true)
    throw new UsageError(
      deed === 'apply'
        ? 'An external snapshot is gone back to by using the image below the overlay again; varve chain show names it.'
        : 'An external snapshot is merged with varve chain commit or varve chain flatten.',
    )
  if (isVolumeAddress(image)) {
    assertRawVolume([], options.host)
    if (deed === 'apply') return await applyToVolume({ volume: image, name }, options, context)
    const request = { volume: image, snapshot: name }
    return await operate({ operation: 'delete-volume', request, isAsked: true }, options, context)
  }
  const request = { image: placeOf(image, options), name }
  return await operate({ operation: `snapshot-${deed}`, request, isAsked: true }, options, context)
}

const ofVolumes = 'Snapshots of volumes are listed by varve places.'
async function applyToVolume(
  request: { readonly volume: string; readonly name: string },
  options: OperateOptions,
  context: RunContext,
): Outcome {
  const kept = (state: RunState) => outcomeIn(state, replaceVolume)?.kept ?? null
  return await operate(
    {
      operation: 'apply-volume-snapshot',
      request,
      isAsked: true,
      told: (state) => toldOfKept(kept(state) ?? ''),
      record: (state) => ({ ...runRecord(state), kept: kept(state) }),
    },
    options,
    context,
  )
}

function timeName(image: string, isExternal: boolean): string {
  const time = new Date().toISOString().slice(0, 19).replaceAll(':', '-')
  if (!isExternal) return time
  const own = image.split(/[/\\]/u).at(-1) ?? image
  return `${own.replace(/\.[^.]*$/u, '')}-${time}`
}
