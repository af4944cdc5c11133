import type { ChunkMap } from './job-progress.ts'
import type { MigrationView } from './migrations.ts'

/** What a migration is doing, as far as its numbers go. */
export type MigrationPhase =
  'preparing' | 'copying' | 'reading-back' | 'publishing' | 'succeeded' | 'failed' | 'canceled'

/**
 * The one truth about a migration's numbers, for the command and the page alike. All of them count whole chunks of
 * 4 MiB, as they are read and as the chunk map shows them, so that they add up:
 *
 *   virtualSize = toCopy + notSent      sent = written + zeros      sent ≤ toCopy
 */
export interface MigrationNumbers {
  readonly phase: MigrationPhase
  readonly isOver: boolean
  /** Bytes of the chunks that hold any data: what is read from the source; null until it was measured. */
  readonly toCopy: number | null
  /** Bytes of chunks that hold nothing and never leave the source; null until it was measured. */
  readonly notSent: number | null
  /** Bytes that were read from the source, in the newest attempt that moved any. */
  readonly sent: number
  /** Of them: zeros only, and so not written. */
  readonly zeros: number
  /** Of them: written on the target. */
  readonly written: number
  /** Seconds that the copy took so far; null before it began. */
  readonly copySeconds: number | null
  /** `sent` by `copySeconds`, in bytes a second. */
  readonly averageRate: number | null
  /** Bytes that were read back from the target, of so many. */
  readonly readBack: number
  readonly toReadBack: number | null
  /** Size of the file that was written, once it is. */
  readonly fileSize: number | null
  /** Bytes done and to do in the step that moves bytes now, or moved them last. */
  readonly done: number
  readonly total: number | null
  /** `done` of `total`, 0 to 1; 1 only when all of it is done. */
  readonly share: number
  /** `share` in whole per cent, cut off: 100 means all. */
  readonly percent: number
  /** Bytes a second now, and what keeps it from being more; null when nothing moves or it was not measured. */
  readonly rate: number | null
  readonly limitedBy: 'source' | 'wire' | 'target' | 'cpu' | null
  /** Seconds until the step that runs is through at its present rate. */
  readonly secondsLeft: number | null
  /** Seconds from the start of the migration to its end; null while it runs. */
  readonly tookSeconds: number | null
  /** The newest map of the disk. */
  readonly map: ChunkMap | null
}

/** Derives every number that is shown of a migration from what the controller says of it. */
export function migrationNumbers(migration: MigrationView): MigrationNumbers {
  const { source, progress, startedAt, finishedAt } = migration
  const phase = phaseOf(migration)
  const copied = migration.copied
  const toCopy = copied?.total ?? migration.copyBytes
  const { sent, zeros } = sentOf(migration)
  const pass = passOf(migration, { sent, toCopy })
  const isMoving = phase === 'copying' || phase === 'reading-back'
  const rate = isMoving && progress?.unit === 'bytes' ? progress.rate : null
  const copySeconds = copied?.seconds ?? null
  return {
    phase,
    isOver: finishedAt !== null,
    toCopy,
    notSent: source.virtualSize === null || toCopy === null ? null : Math.max(0, source.virtualSize - toCopy),
    sent,
    zeros,
    written: sent - zeros,
    copySeconds,
    averageRate: copySeconds === null || copySeconds <= 0 || sent === 0 ? null : sent / copySeconds,
    readBack: migration.readBack?.done ?? 0,
    toReadBack: migration.readBack?.total ?? null,
    fileSize: copied?.fileSize ?? null,
    ...pass,
    percent: Math.floor(pass.share * 100),
    rate,
    limitedBy: isMoving ? (progress?.limitedBy ?? null) : null,
    secondsLeft: secondsLeft(rate, pass),
    tookSeconds:
      finishedAt === null ? null : Math.max(0, Date.parse(finishedAt) - Date.parse(startedAt)) / 1000,
    map: mapOf(migration),
  }
}

const phasesOfSteps: Readonly<Record<string, MigrationPhase>> = {
  pull: 'copying',
  verify: 'reading-back',
  publish: 'publishing',
}

function phaseOf({ state, steps }: MigrationView): MigrationPhase {
  if (state === 'succeeded' || state === 'failed' || state === 'canceled') return state
  return phasesOfSteps[steps.find((step) => step.state === 'running')?.id ?? ''] ?? 'preparing'
}

/** Zeros never exceed what was sent, whatever an agent says. */
function sentOf({ copied }: MigrationView): { sent: number; zeros: number } {
  const sent = copied?.done ?? 0
  return { sent, zeros: Math.min(sent, copied?.zeros ?? 0) }
}

/** The step that moves bytes now, or moved them last: the reading back once it has begun, the copy before. */
function passOf(
  { state, readBack }: MigrationView,
  { sent, toCopy }: { readonly sent: number; readonly toCopy: number | null },
): { done: number; total: number | null; share: number } {
  const [done, total] = readBack === null ? [sent, toCopy] : [readBack.done, readBack.total]
  if (state === 'succeeded') return { done, total, share: 1 }
  if (total === null) return { done, total, share: 0 }
  // Nothing to move is done only when the step is.
  return { done, total, share: total <= 0 ? 0 : Math.min(1, done / total) }
}

function secondsLeft(
  rate: number | null,
  { done, total }: { readonly done: number; readonly total: number | null },
): number | null {
  return rate === null || rate < 1 || total === null ? null : Math.max(0, total - done) / rate
}

/** While it is read back the map of that, else that of the copy; of a migration that succeeded, with all of it proven. */
function mapOf({ state, copied, readBack }: MigrationView): ChunkMap | null {
  const map = readBack?.chunkMap ?? copied?.chunkMap ?? null
  return state === 'succeeded' && map !== null ? provenMap(map) : map
}

function provenMap(map: ChunkMap): ChunkMap {
  const { counts, chunks } = map
  return {
    ...map,
    cells: map.cells.replaceAll(/[^z]/gu, 'p'),
    counts: counts && {
      waiting: 0,
      inFlight: 0,
      written: 0,
      proven: chunks - counts.skipped,
      skipped: counts.skipped,
    },
  }
}
