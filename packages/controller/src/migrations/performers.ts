import { volumeAddress } from '@varve/core/image/volume-address'
import { differingChunks } from '@varve/core/digest/disk-digest'
import { DiskError, isDiskError } from '@varve/core/problems/disk-error'
import { guestChoices } from '@varve/core/rules/guest-choices'
import { migrationPreflightRules } from '@varve/core/rules/migration-preflight'
import { closeSource } from '@varve/operations/actions/close-source'
import { compareDigests } from '@varve/operations/actions/compare-digests'
import { exportDisk } from '@varve/operations/actions/export'
import { measureExport } from '@varve/operations/actions/measure'
import { proveVolume } from '@varve/operations/actions/prove-volume'
import { pull } from '@varve/operations/actions/pull'
import { pullVolume } from '@varve/operations/actions/pull-volume'
import { verify } from '@varve/operations/actions/verify'
import type { ActionInput, ActionOutcome } from '@varve/operations/actions/action-table'
import type { JobProgress } from '@varve/protocol/job-progress'
import type { ImageReportView } from '@varve/protocol/reports'
import { isWritable } from '@varve/core/formats/writable-formats'
import type { Manifests } from '../agents/manifests.ts'
import type { PerformContext, Performers } from '../runs/perform-job.ts'
import type { Db } from '../store/database.ts'
import { findMigration, type Migration } from '../store/migrations-store.ts'
import { gatherFacts, isUsualReading, planOf, unacceptedWarnings } from './facts.ts'
import type { Pass, Transfers } from './transfers.ts'

/** What the actions of migrations need besides their context. */
export interface PerformerPorts {
  readonly db: Db
  readonly manifests: Pick<Manifests, 'read'>
  readonly transfers: Transfers
  readonly isConnected: (host: string) => boolean
  /** The address to read an export of that host's agent from; throws `refused` when it is not the agent's. */
  readonly servingAddress: (host: string, said: string) => Promise<string>
  /** Waits out the grace of a host that is away; throws `agent-gone` after it. */
  readonly waitConnected: (host: string, signal: AbortSignal) => Promise<unknown>
  /** Takes a fresh report of an image into the inventory. */
  readonly saveReport: (imageId: string, report: ImageReportView) => void
}

/** The actions of a migration that the controller does itself, or adds something to. */
export function migratePerformers(ports: PerformerPorts): Performers {
  return {
    'check-again': async (_input, context) => checkFacts(ports, context),
    'close-source': async (input, context) => close(closeSource.input.parse(input), context),
    'compare-digests': async (input) => compare(ports, compareDigests.input.parse(input)),
    export: async (input, context) => openExport(ports, exportDisk.input.parse(input), context),
    measure: async (input, context) => measure(measureExport.input.parse(input), context),
    pull: async (input, context) => pullDisk(ports, pull.input.parse(input), context),
    verify: async (input, context) => readBack(ports, verify.input.parse(input), context),
    'pull-volume': async (input, context) => pullIntoVolume(ports, pullVolume.input.parse(input), context),
    'prove-volume': async (input, context) => readVolumeBack(ports, proveVolume.input.parse(input), context),
  }
}

async function checkFacts(
  ports: PerformerPorts,
  context: PerformContext,
): Promise<ActionOutcome<'check-again'>> {
  const { db, isConnected, waitConnected, saveReport } = ports
  const { signal } = context
  const migration = expectMigration(db, context.run)
  const { source, target, facts: known } = migration
  const { reading } = known.request
  const { report } = await context.job<'inspect'>(
    source.host,
    { kind: 'inspect', library: source.library, name: source.name, reading },
    { title: `Inspect ${source.name}` },
  )
  if (isUsualReading(reading)) saveReport(migration.imageId, report)
  // A controller that was started again hears its agents one after the other.
  for (const host of [target.host, source.host]) await waitConnected(host, signal)
  const facts = gatherFacts(db, known.request, { isConnected, exceptId: migration.id, report })
  const plan = planOf(facts, { source, request: known.request, accepted: known.accepted })
  if (plan.kind === 'refusal') {
    const reason = plan.problems.map(({ message }) => message).join('; ')
    throw refusal(source.name, reason, plan.problems[0]?.remedy)
  }
  const open = unacceptedWarnings(plan, known.accepted)
  if (open.length > 0) {
    const words = open.map(({ message }) => message).join('; ')
    const reason = `the fresh inspection found what nobody has accepted: ${words}`
    throw refusal(source.name, reason, open[0]?.remedy)
  }
  const { format } = known.request
  if (!isWritable(format))
    throw new DiskError('unsupported-format', {
      file: known.request.name,
      format,
      reason: 'it is not written',
    })
  return {
    accepted: plan.warnings.filter(({ severity }) => severity === 'warn').length,
    rules: migrationPreflightRules.length,
    choices: guestChoices(format, facts.source.report),
  }
}

async function openExport(
  ports: PerformerPorts,
  input: ActionInput<'export'>,
  context: PerformContext,
): Promise<ActionOutcome<'export'>> {
  const title = `Export ${input.name}`
  const { kind: _, ...exported } = await context.job<'export'>(
    context.host,
    { kind: 'export', ...input },
    { title },
  )
  // A controller that was started again has the answer, but does not know yet where the agent is connected from.
  await ports.waitConnected(context.host, context.signal)
  const { server, ...endpoint } = exported.endpoint
  const host = await ports.servingAddress(context.host, endpoint.host)
  // Whose certificate has to be shown is not for the agent to say.
  return {
    ...exported,
    endpoint: { ...endpoint, host, ...(server !== undefined && { server: context.host }) },
  }
}

async function measure(
  input: ActionInput<'measure'>,
  context: PerformContext,
): Promise<ActionOutcome<'measure'>> {
  const { target } = input
  const title = `Measure ${target.name}`
  const measured = await context.job<'measure'>(context.host, { kind: 'measure', ...input }, { title })
  const { required: wanted, available } = measured
  if (available !== null && wanted > available)
    throw new DiskError('no-space', { file: target.name, wanted, available })
  return measured
}

async function pullDisk(
  { transfers }: PerformerPorts,
  input: ActionInput<'pull'>,
  context: PerformContext,
): Promise<ActionOutcome<'pull'>> {
  const title = `Pull ${input.target.name}`
  return await passOver(
    transfers,
    { run: context.run, pass: 'copied', numbersOf: copied },
    async (onProgress) => {
      const request = { kind: 'pull', ...input } as const
      const pulled = await context.job<'pull'>(context.host, request, { title, onProgress })
      return { ...pulled, pullId: input.pullId }
    },
  )
}

async function pullIntoVolume(
  { transfers }: PerformerPorts,
  { volume }: ActionInput<'pull-volume'>,
  context: PerformContext,
): Promise<ActionOutcome<'pull-volume'>> {
  const title = `Pull ${volumeAddress(volume)}`
  return await passOver(
    transfers,
    { run: context.run, pass: 'copied', numbersOf: (done) => ({ ...copied(done), fileSize: null }) },
    async (onProgress) => pullVolume.outcome.parse(await context.handOn({ title, onProgress })),
  )
}

async function readBack(
  { transfers }: PerformerPorts,
  input: ActionInput<'verify'>,
  context: PerformContext,
): Promise<ActionOutcome<'verify'>> {
  const title = `Verify ${input.target.name}`
  return await passOver(
    transfers,
    { run: context.run, pass: 'readBack', numbersOf: read },
    async (onProgress) =>
      context.job<'verify'>(context.host, { kind: 'verify', ...input }, { title, onProgress }),
  )
}

async function readVolumeBack(
  { transfers }: PerformerPorts,
  { volume }: ActionInput<'prove-volume'>,
  context: PerformContext,
): Promise<ActionOutcome<'prove-volume'>> {
  const title = `Verify ${volumeAddress(volume)}`
  return await passOver(
    transfers,
    { run: context.run, pass: 'readBack', numbersOf: read },
    async (onProgress) => proveVolume.outcome.parse(await context.handOn({ title, onProgress })),
  )
}

type Numbers = Parameters<Transfers['end']>[2]

function copied({
  transferredBytes: done,
  skippedBytes: zeros,
  fileSize,
  seconds,
}: ActionOutcome<'pull-volume'>): Numbers {
  return { done, total: done, zeros, seconds, fileSize }
}

/** Null where an older agent does not tell. */
function read({
  readBytes: done = null,
  seconds,
}: {
  readonly readBytes?: number | null | undefined
  readonly seconds: number
}): Numbers | null {
  return done === null ? null : { done, total: done, zeros: 0, seconds, fileSize: null }
}

interface PassOf<T> {
  readonly run: string
  readonly pass: Pass
  /** What it had done when it succeeded; null: not known. */
  readonly numbersOf: (outcome: T) => Numbers | null
}

/** A pass over the disk, whose numbers are shown while it goes on and kept when it has ended. */
async function passOver<T>(
  transfers: Transfers,
  { run, pass, numbersOf }: PassOf<T>,
  work: (onProgress: (progress: JobProgress) => void) => Promise<T>,
): Promise<T> {
  try {
    const outcome = await work((progress) => transfers.note(run, pass, progress))
    const numbers = numbersOf(outcome)
    if (numbers) transfers.end(run, pass, numbers)
    return outcome
  } finally {
    transfers.keep(run)
  }
}

/** An export that is gone already tells nothing, and the digests decide. */
async function close(
  input: ActionInput<'close-source'>,
  context: PerformContext,
): Promise<ActionOutcome<'close-source'>> {
  const title = `Close the export of ${input.name}`
  try {
    await context.job<'release'>(context.host, { kind: 'release', ...input }, { title })
    return { isUnchanged: true }
  } catch (error) {
    if (!isDiskError(error) || context.signal.aborted || error.code === 'source-changed') throw error
    return { isUnchanged: null }
  }
}

function compare(
  { manifests }: PerformerPorts,
  { source, pulled, readBack: found, sourceName, targetName }: ActionInput<'compare-digests'>,
): ActionOutcome<'compare-digests'> {
  for (const [file, other] of [
    [targetName, found],
    [sourceName, pulled],
  ] as const) {
    if (other === source) continue
    const [a, b] = [manifests.read(source), manifests.read(other)]
    const first = a && b && a.size === b.size ? differingChunks(a, b).next() : null
    const chunk = first && !first.done ? first.value : null
    throw new DiskError('digest-mismatch', { file, expected: source, found: other, chunk })
  }
  return { digest: source }
}

function expectMigration(db: Db, id: string): Migration {
  const migration = findMigration(db, id)
  if (migration) return migration
  throw new DiskError('not-in-fleet', { file: id, kind: 'migration' })
}

function refusal(file: string, reason: string, remedy: string | undefined): DiskError {
  return new DiskError('refused', { file, reason, remedy: remedy ?? 'Plan the migration again.' })
}
