import type { MigrationNumbers } from '@varve/protocol/migration-numbers'

/** The parts of a migration's bar, 0 to 1: what was read back and is equal, and what is written besides. */
export function passShares({ phase, share, sent, toCopy, readBack, toReadBack }: MigrationNumbers): {
  readonly proven: number
  readonly written: number
} {
  if (phase === 'succeeded') return { proven: 1, written: 0 }
  if (toReadBack === null) return { proven: 0, written: toCopy === null || sent === 0 ? 0 : share }
  const proven = toReadBack === 0 ? 0 : Math.min(1, readBack / toReadBack)
  return { proven, written: 1 - proven }
}
