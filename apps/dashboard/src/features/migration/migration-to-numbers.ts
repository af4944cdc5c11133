import { formatBytes, formatRate } from '@varve/core/binary/format-bytes'
import type { MigrationView } from '@varve/protocol/migrations'
import { durationToWords } from '../../components/time-to-words.ts'

/** One of the four figures at the top of a migration. */
export interface Figure {
  readonly value: string
  readonly label: string
}

/** Share of the bytes that hold data that the step that runs has moved; 1 once the migration succeeded. */
export function shareDone({ state, progress, dataBytes, transferredBytes }: MigrationView): number {
  if (state === 'succeeded') return 1
  const done = progress?.done ?? transferredBytes ?? 0
  const total = progress ? (progress.total ?? dataBytes) : dataBytes
  return total === null || total <= 0 ? 0 : Math.min(1, done / total)
}

/** Seconds until the step that runs is through at its present rate, or null when that cannot be told. */
export function secondsLeft({ progress, dataBytes }: MigrationView): number | null {
  if (!progress || progress.unit !== 'bytes' || progress.rate === null || progress.rate < 1) return null
  const total = progress.total ?? dataBytes
  return total === null ? null : Math.max(0, total - progress.done) / progress.rate
}

/** The four figures: while it runs how far, how fast, how long, what was spared; afterwards the result. */
export function migrationToFigures(migration: MigrationView, now: number): readonly Figure[] {
  return migration.finishedAt === null ? runningFigures(migration, now) : finalFigures(migration)
}

function runningFigures(migration: MigrationView, now: number): Figure[] {
  const { progress, averageRate } = migration
  const left = secondsLeft(migration)
  const total = progress?.total ?? migration.dataBytes
  const verb = runningStep(migration)?.id === 'verify' ? ' read back' : ' data'
  return [
    {
      value: `${Math.floor(shareDone(migration) * 100)} %`,
      label:
        progress && total !== null
          ? `${formatBytes(progress.done)} of ${formatBytes(total)}${verb}`
          : 'data to move is being measured',
    },
    {
      value: progress?.rate === null || progress?.rate === undefined ? '–' : formatRate(progress.rate),
      label: averageRate === null ? 'now' : `now, ${formatRate(averageRate)} average`,
    },
    {
      value: left === null ? '–' : `${durationToWords(Math.ceil(left) * 1000).replace('.0', '')} left`,
      label: left === null ? 'time left is not known yet' : `about ${clock(now + left * 1000)}, this step`,
    },
    spared(migration),
  ]
}

function finalFigures(migration: MigrationView): Figure[] {
  const { startedAt, finishedAt, averageRate, transferredBytes, state } = migration
  const took = finishedAt === null ? 0 : Date.parse(finishedAt) - Date.parse(startedAt)
  return [
    {
      value: `${Math.floor(shareDone(migration) * 100)} %`,
      label: state === 'succeeded' ? 'moved and published' : 'when it ended',
    },
    {
      value: averageRate === null ? '–' : formatRate(averageRate),
      label:
        transferredBytes === null ? 'nothing was sent' : `average over ${formatBytes(transferredBytes)} sent`,
    },
    {
      value: durationToWords(took),
      label: `ended at ${finishedAt === null ? '–' : clock(Date.parse(finishedAt))}`,
    },
    spared(migration),
  ]
}

function spared({ progress, source, dataBytes }: MigrationView): Figure {
  // What was measured is the whole; the transfer counts up to it.
  const measured =
    source.virtualSize !== null && dataBytes !== null ? Math.max(0, source.virtualSize - dataBytes) : null
  const skipped = measured ?? progress?.skipped ?? null
  return { value: skipped === null ? '–' : formatBytes(skipped), label: 'zero or absent, not sent' }
}

export function runningStep({ steps }: MigrationView) {
  return steps.find(({ state }) => state === 'running') ?? null
}

function clock(at: number): string {
  return new Date(at).toLocaleTimeString('en-GB')
}

/** What keeps it from going faster, in words, or null when that was not measured. */
export function limitToWords({ progress, source, target }: MigrationView): string | null {
  switch (progress?.limitedBy) {
    case 'source':
      return `disk of ${source.host} is the limit`
    case 'target':
      return `disk of ${target.host} is the limit`
    case 'wire':
      return 'the network is the limit'
    case 'cpu':
      return 'CPU is the limit'
    case null:
    case undefined:
      return null
  }
}
