import { formatBytes, formatRate } from '@varve/core/units/format-bytes'
import { migrationNumbers, type MigrationNumbers } from '@varve/protocol/migration-numbers'
import { formatSeconds, passWords } from '@varve/protocol/migration-words'
import type { MigrationView } from '@varve/protocol/migrations'
import type { Figure } from '../../plans/figures.tsx'

/** The four figures: while it runs how far, how fast, how long, what was spared; afterwards the result. */
export function migrationToFigures(migration: MigrationView, now: number): readonly Figure[] {
  const numbers = migrationNumbers(migration)
  return numbers.isOver ? finalFigures(migration, numbers) : runningFigures(numbers, now)
}

function runningFigures(numbers: MigrationNumbers, now: number): Figure[] {
  const { percent, rate, averageRate, total } = numbers
  return [
    {
      value: `${percent} %`,
      label: total === null ? 'data to copy is being measured' : passWords(numbers),
    },
    {
      value: rate === null ? '–' : formatRate(rate),
      label: averageRate === null ? 'now' : `now; copied at ${formatRate(averageRate)}`,
    },
    {
      value: leftWords(numbers) ?? '–',
      label:
        numbers.secondsLeft === null
          ? 'time left is not known yet'
          : `about ${clock(now + numbers.secondsLeft * 1000)}, this step`,
    },
    notSent(numbers),
  ]
}

function finalFigures({ finishedAt }: MigrationView, numbers: MigrationNumbers): Figure[] {
  const { phase, sent, toCopy, copySeconds, averageRate, tookSeconds, written, fileSize } = numbers
  const amount = toCopy === null || sent >= toCopy ? formatBytes(sent) : passAmount(sent, toCopy)
  const isThere = phase === 'succeeded'
  return [
    {
      value: sent === 0 && !isThere ? 'nothing' : formatBytes(sent),
      label: isThere
        ? `copied${fileSize === null ? '' : `; the file has ${formatBytes(fileSize)}`}`
        : sent === 0
          ? 'was copied before it ended'
          : `copied before it ended${toCopy === null ? '' : `, of ${formatBytes(toCopy)}`}; none of it is kept`,
    },
    {
      value: averageRate === null ? '–' : formatRate(averageRate),
      label: copySeconds === null ? 'no copy was made' : `${amount} in ${formatSeconds(copySeconds)}`,
    },
    {
      value: tookSeconds === null ? '–' : formatSeconds(tookSeconds),
      label: `all steps; ended at ${finishedAt === null ? '–' : clock(Date.parse(finishedAt))}`,
    },
    isThere && written < sent
      ? {
          ...notSent(numbers),
          label: `zero or absent, not sent; ${formatBytes(sent - written)} sent was zeros`,
        }
      : notSent(numbers),
  ]
}

function passAmount(sent: number, toCopy: number): string {
  return `${formatBytes(sent)} of ${formatBytes(toCopy)}`
}

function notSent({ notSent: spared }: MigrationNumbers): Figure {
  return { value: spared === null ? '–' : formatBytes(spared), label: 'zero or absent, not sent' }
}

/** How long the step that runs still takes, or null when that cannot be told. */
export function leftWords({ secondsLeft }: MigrationNumbers): string | null {
  return secondsLeft === null ? null : `${formatSeconds(Math.ceil(secondsLeft)).replace('.0', '')} left`
}

export function runningStep({ steps }: MigrationView) {
  return steps.find(({ state }) => state === 'running') ?? null
}

function clock(at: number): string {
  return new Date(at).toLocaleTimeString('en-GB')
}

/** What keeps it from going faster, in words, or null when that was not measured. */
export function limitToWords({ progress, source, target, stall }: MigrationView): string | null {
  if (stall !== null) return stall.message
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
