import { Link } from '@tanstack/react-router'
import { formatRate } from '@varve/core/units/format-bytes'
import { migrationNumbers } from '@varve/protocol/migration-numbers'
import type { MigrationView } from '@varve/protocol/migrations'
import { Meter } from '../../components/marks.tsx'
import { leftWords } from './migration-to-numbers.ts'
import styles from './migration-rows.module.css'
import { passShares } from './pass-shares.ts'
import { StatePill } from './state-pill.tsx'

/** Migrations that run: how far, how fast, how long. */
export function RunningRows({ migrations }: { readonly migrations: readonly MigrationView[] }) {
  return (
    <ul className={styles.rows}>
      {migrations.map((migration) => (
        <RunningRow key={migration.id} migration={migration} />
      ))}
    </ul>
  )
}

function RunningRow({ migration }: { readonly migration: MigrationView }) {
  const numbers = migrationNumbers(migration)
  const { proven, written } = passShares(numbers)
  return (
    <li className={styles.running}>
      <RowTitle migration={migration} />
      <Meter
        parts={[
          { share: proven, colour: 'var(--varve-L3)' },
          { share: written, colour: 'var(--varve-L2)' },
        ]}
        label={`${numbers.percent} % of this step`}
      />
      <span className={styles.soft}>{numbers.rate === null ? '' : formatRate(numbers.rate)}</span>
      <span className={`${styles.soft} ${styles.right}`}>{leftWords(numbers) ?? ''}</span>
    </li>
  )
}

function RowTitle({ migration }: { readonly migration: MigrationView }) {
  const { id, source, target } = migration
  return (
    <span className={styles.title}>
      <Link
        to="/migrations/$id"
        params={{ id }}
        className={styles.link}
        title={`${source.name} to ${target.host}`}
      >
        {source.name.split('/').at(-1)} <span className={styles.to}>to</span> {target.host}
      </Link>
      <StatePill migration={migration} />
    </span>
  )
}
