import type { MigrationView } from '@varve/protocol/migrations'
import { Pill, type Tone } from '../../components/marks.tsx'
import { runningStep } from './migration-to-numbers.ts'

const tones = {
  waiting: 'plain',
  running: 'accent',
  canceling: 'warn',
  succeeded: 'good',
  failed: 'bad',
  canceled: 'plain',
} as const satisfies Record<MigrationView['state'], Tone>

/** The state in a word; while it runs, what it does. */
export function StatePill({ migration }: { readonly migration: MigrationView }) {
  return <Pill tone={tones[migration.state]}>{stateToWords(migration)}</Pill>
}

const stepWords: Readonly<Record<string, string>> = {
  pull: 'copying',
  verify: 'verifying',
  publish: 'publishing',
}

export function stateToWords(migration: MigrationView): string {
  switch (migration.state) {
    case 'running':
      return stepWords[runningStep(migration)?.id ?? ''] ?? 'running'
    case 'succeeded':
      return migration.verified ? 'verified' : 'done'
    case 'waiting':
    case 'canceling':
    case 'failed':
    case 'canceled':
      return migration.state
  }
}
