import { isWritable, type WritableFormat } from '@varve/core/formats/writable-formats'
import { randomBytes } from 'node:crypto'
import { countOf, formatBytes, formatRate } from '@varve/core/binary/format-bytes'
import { differingChunks } from '@varve/core/digest/disk-digest'
import { planMigrate } from '@varve/core/operations/plan-migrate'
import { DiskError, isDiskError, isRetryable } from '@varve/core/problems/disk-error'
import { migrationPreflightRules } from '@varve/core/rules/migration-preflight'
import {
  GuestChoices,
  DigestResult,
  type JobRequestOf,
  type JobResultOf,
  NbdEndpoint,
} from '@varve/protocol/jobs'
import { formatSeconds } from '@varve/protocol/migration-words'
import { Digest } from '@varve/protocol/primitives'
import type { ImageReportView } from '@varve/protocol/reports'
import { z } from 'zod'
import type { Manifests } from '../agents/manifests.ts'
import { timestamp } from '../clock.ts'
import { write, type Db } from '../store/database.ts'
import { jobsOfMigration } from '../store/jobs-store.ts'
import { guestChoices } from '@varve/core/rules/guest-choices'
import { changeFacts, type Migration } from '../store/migrations-store.ts'
import { saveProof } from '../store/proofs-store.ts'
import { imageIdOf } from '../store/image-id.ts'
import { gatherFacts, isUsualReading, unacceptedWarnings } from './facts.ts'
import type { StepContext, StepResult, WorkflowStep } from './step.ts'

const exportLifeSeconds = 7 * 86_400
const digestAttempts = 5

/** What the steps need besides their context. */
export interface StepPorts {
  /** The address to read an export of that host's agent from; throws `refused` when it is not the agent's. */
  readonly servingAddress: (host: string, said: string) => Promise<string>
  readonly db: Db
  readonly manifests: Pick<Manifests, 'read'>
  readonly isConnected: (host: string) => boolean
  /** Waits out the grace of a host that is away; throws `agent-gone` after it. */
  readonly waitConnected: (host: string, signal: AbortSignal) => Promise<unknown>
  /** Takes a fresh report of an image into the inventory. */
  readonly saveReport: (imageId: string, report: ImageReportView) => void
}

/** Runs of older versions left nothing. */
const PreFlight = z.object({ choices: GuestChoices }).nullable()
const Exported = z.object({ endpoint: NbdEndpoint, virtualSize: z.number(), fingerprint: z.string() })
type Exported = z.infer<typeof Exported>
const Pulled = z.object({ pullId: z.string(), digest: Digest, virtualSize: z.number() })

/** The whole of a migration: its steps in order, with what undoes them. Ids are those of the plan. */
export function migrateSteps(ports: StepPorts): readonly WorkflowStep[] {
  return [
    { id: 'pre-flight', run: (step) => preFlight(ports, step), undo: null, times: 3, pointOfNoReturn: false },
    {
      id: 'export',
      run: (step) => exportSource(ports, step),
      undo: async ({ migration, undoJob }) => {
        for (const request of requestsOf(ports.db, migration, 'export')) {
          await undoJob(migration.source.host, releaseOf(migration, request.exportName))
        }
      },
      times: 3,
      pointOfNoReturn: false,
    },
    { id: 'measure', run: (step) => measure(ports, step), undo: null, times: 3, pointOfNoReturn: false },
    {
      id: 'pull',
      run: (step) => pull(ports, step),
      undo: async ({ migration, undoJob }) => {
        for (const { pullId, target } of requestsOf(ports.db, migration, 'pull')) {
          await undoJob(migration.target.host, { kind: 'discard', pullId, target })
        }
      },
      times: 5,
      pointOfNoReturn: false,
    },
    { id: 'verify', run: (step) => verify(ports, step), undo: null, times: 3, pointOfNoReturn: false },
    { id: 'publish', run: publish, undo: null, times: 5, pointOfNoReturn: true },
  ]
}

async function preFlight(
  { db, isConnected, waitConnected, saveReport }: StepPorts,
  context: StepContext,
): Promise<StepResult> {
  const { migration, signal } = context
  const { source, target } = migration
  const { report } = await context.job<'inspect'>(
    { kind: 'inspect', library: source.library, name: source.name, reading: migration.facts.request.reading },
    { host: source.host, title: `Inspect ${source.name}` },
  )
  if (isUsualReading(migration.facts.request.reading)) saveReport(migration.imageId, report)
  // A controller that was started again hears its agents one after the other.
  for (const { host } of [target, source]) await waitConnected(host, signal)
  const facts = gatherFacts(db, migration.facts.request, { isConnected, exceptId: migration.id, report })
  const plan = planMigrate(facts)
  if (plan.kind === 'refusal') {
    throw refusal(
      source.name,
      plan.problems.map(({ message }) => message).join('; '),
      plan.problems[0]?.remedy,
    )
  }
  const open = unacceptedWarnings(plan, migration.facts.accepted)
  if (open.length > 0) {
    const words = open.map(({ message }) => message).join('; ')
    throw refusal(
      source.name,
      `the fresh inspection found what nobody has accepted: ${words}`,
      open[0]?.remedy,
    )
  }
  const accepted = plan.warnings.filter(({ severity }) => severity === 'warn').length
  const checks = `${migrationPreflightRules.length} checks`
  return {
    output: { choices: guestChoices(formatOf(migration), facts.source.report) } satisfies z.infer<
      typeof PreFlight
    >,
    outcome: accepted === 0 ? checks : `${checks}, ${countOf(accepted, 'warning')} accepted`,
  }
}

async function exportSource(ports: StepPorts, context: StepContext): Promise<StepResult> {
  const exported = await startExport(ports, context)
  // Runs beside the pull; `verify` waits for it.
  sourceDigest(context, 1).catch(() => undefined)
  const { host, port } = exported.endpoint
  return { output: exported, outcome: `NBD at ${host}:${port}, read-only` }
}

async function startExport(ports: StepPorts, context: StepContext): Promise<Exported> {
  const { source, id, facts } = context.migration
  const { kind: _, ...exported } = await context.job<'export'>(
    {
      kind: 'export',
      library: source.library,
      name: source.name,
      reading: facts.request.reading,
      ...inUseOf(context.migration),
      exportName: `${id}-${randomBytes(24).toString('base64url')}`,
      expiresInSeconds: exportLifeSeconds,
    },
    { host: source.host, title: `Export ${source.name}`, key: 'export' },
  )
  // A controller that was started again has the answer, but does not know yet where the agent is connected from.
  await ports.waitConnected(source.host, context.signal)
  const host = await ports.servingAddress(source.host, exported.endpoint.host)
  return { ...exported, endpoint: { ...exported.endpoint, host } }
}

/** The export of this attempt: the first one, or a new one with a new token when an attempt has failed. */
async function currentExport(ports: StepPorts, context: StepContext): Promise<Exported> {
  const first = context.output('export', Exported)
  if (context.attempt === 1) return first
  const fresh = await startExport(ports, context)
  if (fresh.fingerprint === first.fingerprint) return fresh
  const { name } = context.migration.source
  throw new DiskError('source-changed', { file: name, change: 'it was written between two attempts' })
}

async function measure(ports: StepPorts, context: StepContext): Promise<StepResult> {
  const { migration } = context
  const { endpoint, virtualSize } = await currentExport(ports, context)
  const { required, available, dataBytes, copyBytes } = await context.job<'measure'>(
    {
      kind: 'measure',
      endpoint,
      virtualSize,
      ...targetOf(migration),
      ...context.output('pre-flight', PreFlight),
    },
    { host: migration.target.host, title: `Measure ${migration.source.name}` },
  )
  if (available !== null && required > available) {
    throw new DiskError('no-space', { file: migration.target.name, wanted: required, available })
  }
  write(ports.db, (tx) => changeFacts(tx, migration.id, { dataBytes, copyBytes }))
  const free = available === null ? '' : `, ${formatBytes(available)} free`
  const data = `${formatBytes(dataBytes)} of data`
  const chunks = copyBytes === null ? '' : ` in chunks of 4 MiB that make ${formatBytes(copyBytes)} to copy`
  return {
    output: { dataBytes },
    outcome: `${data}${chunks}; the file takes at most ${formatBytes(required)}${free}`,
  }
}

async function pull(ports: StepPorts, context: StepContext): Promise<StepResult> {
  const { db } = ports
  const { migration } = context
  const { endpoint, virtualSize: size } = await currentExport(ports, context)
  const pullId = `${migration.id}-${context.attempt}`
  await discardOthers(db, context, pullId)
  const pulled = await context.job<'pull'>(
    {
      kind: 'pull',
      pullId,
      endpoint,
      virtualSize: size,
      ...targetOf(migration),
      ...context.output('pre-flight', PreFlight),
    },
    { host: migration.target.host, title: `Pull ${migration.target.name}`, shownAs: 'copied' },
  )
  const { digest, virtualSize, transferredBytes, skippedBytes, fileSize, seconds } = pulled
  context.ended('copied', {
    done: transferredBytes,
    total: transferredBytes,
    zeros: skippedBytes,
    seconds,
    fileSize,
  })
  const rate = seconds > 0 ? ` at ${formatRate(transferredBytes / seconds)}` : ''
  return {
    output: { pullId, digest, virtualSize } satisfies z.infer<typeof Pulled>,
    outcome: `${formatBytes(transferredBytes)} copied in ${formatSeconds(seconds)}${rate}; the file has ${formatBytes(fileSize)}`,
  }
}

/** Removes the part files of attempts that failed. One that cannot be removed is no reason to stop. */
async function discardOthers(db: Db, context: StepContext, pullId: string): Promise<void> {
  const { migration } = context
  for (const other of requestsOf(db, migration, 'pull')) {
    if (other.pullId === pullId) continue
    try {
      await context.job<'discard'>(
        { kind: 'discard', pullId: other.pullId, target: other.target },
        {
          host: migration.target.host,
          title: 'Remove an abandoned part file',
          key: `discard-${other.pullId}`,
        },
      )
    } catch (error) {
      if (!isDiskError(error) || context.signal.aborted || isRetryable(error.code)) throw error
    }
  }
}

async function verify(ports: StepPorts, context: StepContext): Promise<StepResult> {
  const { migration } = context
  const { source, target } = migration
  const { pullId, digest: expected } = context.output('pull', Pulled)
  const [readBack, own] = await Promise.all([
    context.job<'verify'>(
      { kind: 'verify', pullId, expected, target: fileOf(migration), format: formatOf(migration) },
      { host: target.host, title: `Verify ${target.name}`, shownAs: 'readBack' },
    ),
    repeatedDigest(context),
  ])
  const { readBytes, seconds } = readBack
  if (readBytes !== null) {
    context.ended('readBack', { done: readBytes, total: readBytes, zeros: 0, seconds, fileSize: null })
  }
  await release(context)
  write(ports.db, (tx) =>
    changeFacts(tx, migration.id, { sourceDigest: own.digest, targetDigest: readBack.digest }),
  )
  for (const [file, found] of [
    [target.name, readBack.digest],
    [source.name, expected],
  ] as const) {
    if (found !== own.digest) throw mismatch(ports, { file, expected: own.digest, found })
  }
  write(ports.db, (tx) => {
    const takenAt = timestamp()
    const targetId = imageIdOf(target.host, target.library, target.name)
    changeFacts(tx, migration.id, { verified: true })
    if (isUsualReading(migration.facts.request.reading))
      saveProof(tx, { imageId: migration.imageId, ...own, takenAt })
    saveProof(tx, { imageId: targetId, ...readBack, takenAt })
  })
  return { output: { digest: own.digest }, outcome: `three digests are equal: ${own.digest.slice(0, 16)}…` }
}

/** The digest that the source host takes of the image by itself; tried again when its agent comes back. */
async function repeatedDigest(context: StepContext): Promise<DigestResult> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return DigestResult.parse(await sourceDigest(context, attempt))
    } catch (error) {
      const mayPass = isDiskError(error) && isRetryable(error.code) && !context.signal.aborted
      if (!mayPass || attempt >= digestAttempts) throw error
    }
  }
}

function sourceDigest(context: StepContext, attempt: number): Promise<JobResultOf<'digest'>> {
  const { source, id, facts } = context.migration
  return context.job<'digest'>(
    {
      kind: 'digest',
      library: source.library,
      name: source.name,
      reading: facts.request.reading,
      ...inUseOf(context.migration),
    },
    { host: source.host, title: `Digest ${source.name}`, key: `/${id}/digest/${attempt}` },
  )
}

/** Closes the newest export, which tells whether the source changed. An export that is gone already tells nothing, and the digests decide. */
async function release(context: StepContext): Promise<void> {
  const { migration } = context
  const exportName = context.newestExport()
  if (exportName === null) return
  try {
    await context.job<'release'>(releaseOf(migration, exportName), {
      host: migration.source.host,
      title: `Close the export of ${migration.source.name}`,
      key: 'release',
    })
  } catch (error) {
    if (context.signal.aborted || isDiskError(error, 'source-changed')) throw error
  }
}

async function publish(context: StepContext): Promise<StepResult> {
  const { migration } = context
  const { pullId } = context.output('pull', Pulled)
  const { path } = await context.job<'publish'>(
    { kind: 'publish', pullId, target: fileOf(migration) },
    { host: migration.target.host, title: `Publish ${migration.target.name}` },
  )
  return { output: { path }, outcome: path }
}

function mismatch(
  { manifests }: StepPorts,
  found: { file: string; expected: string; found: string },
): DiskError {
  const [a, b] = [manifests.read(found.expected), manifests.read(found.found)]
  const first = a && b && a.size === b.size ? differingChunks(a, b).next() : null
  return new DiskError('digest-mismatch', { ...found, chunk: first && !first.done ? first.value : null })
}

function refusal(file: string, reason: string, remedy: string | undefined): DiskError {
  return new DiskError('refused', { file, reason, remedy: remedy ?? 'Plan the migration again.' })
}

/** Whether somebody accepted by name that others may write to the source; that it does change ends the migration all the same. */
function inUseOf({ facts }: Migration): Pick<JobRequestOf<'export'>, 'inUse'> {
  return facts.accepted.includes('in-use') ? { inUse: 'accept' } : {}
}

function fileOf({ target }: Migration): { library: string; name: string } {
  return { library: target.library, name: target.name }
}

function formatOf({ facts }: Migration): WritableFormat {
  const { format } = facts.request
  if (isWritable(format)) return format
  throw new DiskError('unsupported-format', { file: facts.request.name, format, reason: 'it is not written' })
}

function targetOf(migration: Migration) {
  return {
    target: fileOf(migration),
    format: formatOf(migration),
    subformat: migration.facts.request.subformat ?? null,
    compression: migration.facts.request.compression ?? 'none',
  }
}

function releaseOf({ source }: Migration, exportName: string): JobRequestOf<'release'> {
  return { kind: 'release', exportName, library: source.library, name: source.name }
}

/** What was asked of hosts for this migration, of one kind, oldest first. */
function requestsOf<K extends 'export' | 'pull'>(db: Db, migration: Migration, kind: K): JobRequestOf<K>[] {
  return jobsOfMigration(db, migration.id).flatMap(({ request }) => (isKind(request, kind) ? [request] : []))
}

function isKind<K extends 'export' | 'pull'>(request: { kind: string }, kind: K): request is JobRequestOf<K> {
  return request.kind === kind
}
