import { DiskError, toErrorRecord } from '@varve/core/problems/disk-error'
import { digestSource } from '@varve/operations/actions/digest'
import { measureExport } from '@varve/operations/actions/measure'
import { verify } from '@varve/operations/actions/verify'
import type { JournalEntry } from '@varve/operations/runs/journal'
import { isPastReturn, outcomeOf, type RunState } from '@varve/operations/runs/run-state'
import type { Projection } from '../runs/runs.ts'
import type { Queries } from '../store/database.ts'
import { imageIdOf } from '../store/image-id.ts'
import { imageRow } from '../store/images-store.ts'
import {
  changeFacts,
  changeMigration,
  findMigration,
  linkTargetImages,
  type Migration,
} from '../store/migrations-store.ts'
import { saveProof } from '../store/proofs-store.ts'
import { aftermathOf } from './aftermath.ts'
import { isUsualReading } from './facts.ts'

export interface ProjectOptions {
  readonly note: (tx: Queries, id: string, title: string) => void
  /** An image has a new proof; called after the transaction. */
  readonly onProven: (imageId: string) => void
}

/** What a migration is known by, kept as its run goes on. */
export function projectMigration(options: ProjectOptions): Projection {
  return (tx, entry, state) => {
    const migration = findMigration(tx, state.id)
    if (!migration) return
    if (entry.event === 'started' && migration.state === 'waiting')
      changeMigration(tx, migration.id, { state: 'running' })
    if (entry.event === 'asked' && entry.for === 'cancel')
      changeMigration(tx, migration.id, { state: 'canceling', cancelRequested: true })
    if (entry.event === 'done') takeOutcome(tx, entry, { migration, state })
    if (entry.event === 'ended') takeEnd(tx, { entry, migration, state }, options)
  }
}

interface Of {
  readonly migration: Migration
  readonly state: RunState
}

function takeOutcome(tx: Queries, { step, outcome }: Extract<JournalEntry, { event: 'done' }>, of: Of): void {
  const { id } = of.migration
  if (step === 'measure') {
    const { dataBytes, copyBytes } = measureExport.outcome.parse(outcome)
    changeFacts(tx, id, { dataBytes, copyBytes })
  }
  if (step === 'digest') changeFacts(tx, id, { sourceDigest: digestSource.outcome.parse(outcome).digest })
  if (step === 'verify') changeFacts(tx, id, { targetDigest: verify.outcome.parse(outcome).digest })
  if (step === 'compare') takeProof(tx, of)
}

function takeProof(tx: Queries, { migration, state }: Of): void {
  const { id, target, facts } = migration
  const given = (step: string) => {
    const found = state.steps.find((one) => one.step.id === step)
    return found ? outcomeOf(found) : null
  }
  const own = digestSource.outcome.parse(given('digest'))
  const readBack = verify.outcome.parse(given('verify'))
  const takenAt = state.steps.find((one) => one.step.id === 'compare')?.endedAt ?? state.created.at
  changeFacts(tx, id, { verified: true })
  if (isUsualReading(facts.request.reading)) saveProof(tx, { imageId: migration.imageId, ...own, takenAt })
  const targetId = imageIdOf(target.host, target.library, target.name)
  saveProof(tx, { imageId: targetId, ...readBack, takenAt })
}

interface End extends Of {
  readonly entry: Extract<JournalEntry, { event: 'ended' }>
}

function takeEnd(tx: Queries, { entry, migration, state }: End, options: ProjectOptions): void {
  const { id, source, target } = migration
  const isFirst = !['succeeded', 'failed', 'canceled'].includes(migration.state)
  if (entry.state === 'succeeded') {
    changeMigration(tx, id, { state: 'succeeded', finishedAt: entry.at })
    linkTargetImages(tx, target.host, target.library)
    setImmediate(() => options.onProven(migration.imageId))
  } else {
    const end = entry.state === 'canceled' ? 'canceled' : 'failed'
    const error = entry.error ?? canceledError(migration)
    const waitingFor = waitingHosts(state)
    const facts = { error, waitingFor, undoFailed: undoFailed(state) }
    changeFacts(tx, id, { ...facts, aftermath: aftermath(tx, { migration, state }, { end, ...facts }) })
    if (isFirst) changeMigration(tx, id, { state: end, finishedAt: entry.at })
    else
      for (const host of migration.facts.waitingFor.filter((one) => !waitingFor.includes(one)))
        options.note(tx, id, `What was left on ${host} was removed`)
  }
  if (!isFirst) return
  const words = {
    succeeded: 'succeeded and is verified',
    failed: 'failed',
    canceled: 'was canceled',
    undone: 'was undone',
  } as const
  options.note(
    tx,
    id,
    `Migration of ${source.host}:${source.name} to ${target.host}:${target.name} ${words[entry.state]}`,
  )
}

interface Ended {
  readonly end: 'failed' | 'canceled'
  readonly error: NonNullable<Migration['facts']['error']>
  readonly waitingFor: readonly string[]
  readonly undoFailed: readonly string[]
}

function aftermath(
  tx: Queries,
  { migration, state }: Of,
  { end, error, waitingFor, undoFailed: failed }: Ended,
): string {
  const isThere = imageRow(tx, migration.imageId) !== null
  return aftermathOf(migration, {
    part: state.steps.some(({ step }) => step.action === 'make-volume') ? 'volume' : 'file',
    mayBePublished: isPastReturn(state) && (end !== 'failed' || error.code === 'agent-gone'),
    waitingFor,
    undoFailed: failed,
    remedy: end === 'failed' ? error.remedy : null,
    source: !isThere ? 'gone' : error.code === 'source-changed' ? 'changed' : 'there',
  })
}

/** Hosts that were away when something of theirs was to be removed; an export that cannot be closed is closed already, or it expires. */
function waitingHosts({ undoFailures }: RunState): string[] {
  const away = undoFailures.filter(({ step, error }) => step !== 'export' && error.code === 'agent-gone')
  return [...new Set(away.map(({ host }) => host))]
}

function undoFailed({ undoFailures }: RunState): string[] {
  const failed = undoFailures.filter(({ step, error }) => step !== 'export' && error.code !== 'agent-gone')
  return [...new Set(failed.map(({ error }) => error.message))]
}

function canceledError({ source }: Migration) {
  return toErrorRecord(new DiskError('canceled', { file: source.name, what: 'the migration' }), source.name)
}
