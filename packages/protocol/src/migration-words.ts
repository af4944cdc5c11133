import { formatBytes, formatRate } from '@varve/core/units/format-bytes'
import { migrationNumbers, type MigrationNumbers } from './migration-numbers.ts'
import type { MigrationView } from './migrations.ts'

/** A duration for people, such as `0.8 s`, `9.3 s`, `28 s`, `1 min 12 s`, `2 h 5 min`. */
export function formatSeconds(seconds: number): string {
  const whole = Math.round(Math.max(0, seconds))
  if (seconds < 9.95) return `${Math.max(0, seconds).toFixed(1)} s`
  if (whole < 60) return `${whole} s`
  const minutes = Math.floor(whole / 60)
  if (minutes < 60) return whole % 60 === 0 ? `${minutes} min` : `${minutes} min ${whole % 60} s`
  return minutes % 60 === 0
    ? `${Math.floor(minutes / 60)} h`
    : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

/** What was moved, in one line that holds true in every state: `452 MiB copied in 6.6 s at 68.5 MB/s · 9.3 s in all`. */
export function movedWords(migration: MigrationView): string {
  const numbers = migrationNumbers(migration)
  const all = numbers.tookSeconds === null ? null : `${formatSeconds(numbers.tookSeconds)} in all`
  return [copiedWords(numbers), ...(numbers.phase === 'reading-back' ? [readBackWords(numbers)] : []), all]
    .filter((part) => part !== null)
    .join(' · ')
}

function copiedWords(numbers: MigrationNumbers): string {
  const { sent, toCopy, copySeconds, averageRate, zeros, phase } = numbers
  if (sent === 0) {
    if (phase === 'succeeded') return 'no chunk held data: nothing had to be copied'
    return numbers.isOver ? 'nothing was copied' : 'nothing is copied yet'
  }
  const isWhole = toCopy !== null && sent >= toCopy
  const amount =
    isWhole || toCopy === null ? formatBytes(sent) : `${formatBytes(sent)} of ${formatBytes(toCopy)}`
  const time = copySeconds === null ? '' : ` in ${formatSeconds(copySeconds)}`
  const rate = averageRate === null ? '' : ` at ${formatRate(averageRate)}`
  const spared = zeros === 0 ? '' : `, ${formatBytes(zeros)} of it zeros`
  return `${amount} copied${time}${rate}${spared}`
}

function readBackWords({ readBack, toReadBack }: MigrationNumbers): string {
  return toReadBack === null
    ? 'reading it back'
    : `${formatBytes(readBack)} of ${formatBytes(toReadBack)} read back`
}

/** What the step that runs has done, for a line that is rewritten: `226 MiB of 452 MiB copied`. */
export function passWords({ phase, done, total }: MigrationNumbers): string {
  const verb = phase === 'reading-back' ? 'read back' : 'copied'
  return total === null
    ? `${formatBytes(done)} ${verb}`
    : `${formatBytes(done)} of ${formatBytes(total)} ${verb}`
}
