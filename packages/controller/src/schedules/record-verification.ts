import { DiskError, toErrorRecord } from '@varve/core/problems/disk-error'
import { verifyImage, type VerifyOutcome } from '@varve/operations/actions/verify-image'
import { verifyOperation } from '@varve/operations/read/read-operations'
import type { JournalEntry } from '@varve/operations/runs/journal'
import { outcomeOf, type RunState } from '@varve/operations/runs/run-state'
import type { Projection } from '../runs/runs.ts'
import type { Queries } from '../store/database.ts'
import { imageIdByPath } from '../store/images-store.ts'
import { refreshFindings } from '../store/save-images.ts'
import { changeOf, saveTried, saveVerified, setRunKey } from '../store/verifications-store.ts'
import { changedFinding } from './changed-finding.ts'

export interface RecordOptions {
  /** What was found of an image, for people; in the transaction. */
  readonly note: (tx: Queries, image: string, title: string) => void
  /** The image has another state against its manifest; in the transaction. */
  readonly onVerified: (tx: Queries, image: { readonly id: string; readonly host: string }) => void
}

interface Verified {
  readonly id: string
  readonly host: string
  readonly path: string
  readonly at: string
}

/** Keeps of each image how it compared with its manifest, whoever asked for that. */
export function recordVerification({ note, onVerified }: RecordOptions): Projection {
  return (tx, entry, state) => {
    if (entry.event !== 'ended' || state.created.plan.operation !== verifyOperation.name) return
    const found = imageOf(tx, entry, state)
    if (!found) return
    const outcome = entry.state === 'succeeded' ? verifyImage.outcome.parse(outcomeOfRun(state)) : null
    const isScheduled = state.created.askedBy === 'schedule'
    if (isScheduled) setRunKey(tx, found.id, null)
    if (outcome) {
      const words = keep(tx, found, { outcome, run: state.id })
      if (words !== null) note(tx, found.id, words)
    } else if (isScheduled) {
      const { id, path: file, at } = found
      const canceled = new DiskError('canceled', { file, what: state.created.plan.summary })
      saveTried(tx, id, { at, error: entry.error ?? toErrorRecord(canceled, file) })
    }
    onVerified(tx, found)
  }
}

/** Keeps the comparison; gives a line for people when it says something new. */
function keep(
  tx: Queries,
  { id, host, path, at }: Verified,
  { outcome, run }: { readonly outcome: VerifyOutcome; readonly run: string },
): string | null {
  const before = changeOf(tx, id)
  const change = outcome.state === 'differs' ? changedFinding(path, outcome, { at, run }) : null
  saveVerified(tx, { id, host }, { keptSince: outcome.provenAt, at, change })
  refreshFindings(tx, id)
  if (change) return `${host}:${path}: ${change.message}`
  if (!before) return null
  return outcome.state === 'kept'
    ? `${host}:${path}: what it holds now is kept as its manifest`
    : `${host}:${path}: its disk is again what its manifest says`
}

/** The image of the inventory that was compared as it is read when nothing is said; null for others. */
function imageOf(
  tx: Queries,
  { at }: JournalEntry,
  { created: { plan, request } }: RunState,
): Verified | null {
  const asked = verifyImage.input.safeParse(request)
  const host = plan.steps[0]?.host
  if (!asked.success || host === undefined) return null
  const { path, reading } = asked.data.image
  if (Object.values(reading).some((choice) => choice !== undefined && choice !== false)) return null
  const id = imageIdByPath(tx, host, path)
  return id === null ? null : { id, host, path, at }
}

function outcomeOfRun({ steps: [step] }: RunState): unknown {
  return step ? outcomeOf(step) : null
}
