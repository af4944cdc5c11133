import { Link } from '@tanstack/react-router'
import { formatBytes, formatRate } from '@varve/core/binary/format-bytes'
import type { MigrationView } from '@varve/protocol/migrations'
import { Meter, TimeAgo } from '../../components/marks.tsx'
import { durationToWords } from '../../components/time-to-words.ts'
import { cellsToGrid } from './cells-to-grid.ts'
import { secondsLeft, shareDone } from './migration-to-numbers.ts'
import styles from './migration-rows.module.css'
import { StatePill } from './state-pill.tsx'

/** Migrations that run: how far, how fast, how long. */
export function RunningRows({ migrations }: { readonly migrations: readonly MigrationView[] }) {
  return (
    <ul className={styles.rows}>
      {migrations.map((migration) => (
        <li key={migration.id} className={styles.running}>
          <RowTitle migration={migration} />
          <Progress migration={migration} />
          <span className={styles.soft}>
            {migration.progress?.rate === null || migration.progress === null
              ? ''
              : formatRate(migration.progress.rate)}
          </span>
          <span className={`${styles.soft} ${styles.right}`}>{leftWords(migration)}</span>
        </li>
      ))}
    </ul>
  )
}

function Progress({ migration }: { readonly migration: MigrationView }) {
  const map = migration.progress?.chunkMap
  const grid = map && map.cells.length > 0 ? cellsToGrid(map) : null
  const share = shareDone(migration)
  return (
    <Meter
      parts={
        grid
          ? [
              { share: grid.proven, colour: 'var(--varve-L3)' },
              { share: grid.written, colour: 'var(--varve-L2)' },
            ]
          : [{ share, colour: 'var(--varve-L2)' }]
      }
      label={`${Math.floor(share * 100)} % of this step`}
    />
  )
}

function leftWords(migration: MigrationView): string {
  const left = secondsLeft(migration)
  return left === null ? '' : `${durationToWords(Math.ceil(left) * 1000).replace('.0', '')} left`
}

/** Migrations that ended: how, how much, how long. */
export function EndedRows({ migrations }: { readonly migrations: readonly MigrationView[] }) {
  return (
    <ul className={styles.rows}>
      {migrations.map((migration) => (
        <li key={migration.id} className={styles.ended}>
          <RowTitle migration={migration} />
          <span className={styles.soft}>{resultWords(migration)}</span>
          <span className={`${styles.soft} ${styles.right}`}>
            {migration.finishedAt !== null && <TimeAgo at={migration.finishedAt} />}
          </span>
        </li>
      ))}
    </ul>
  )
}

function resultWords({
  state,
  error,
  startedAt,
  finishedAt,
  transferredBytes,
  averageRate,
}: MigrationView): string {
  if (state === 'failed')
    return error === null ? 'failed' : `${error.layer}: ${error.code.replaceAll('-', ' ')}`
  const took = finishedAt === null ? null : durationToWords(Date.parse(finishedAt) - Date.parse(startedAt))
  return [
    transferredBytes === null ? null : `${formatBytes(transferredBytes)} moved`,
    took === null ? null : `in ${took}`,
    averageRate === null || state !== 'succeeded' ? null : formatRate(averageRate),
  ]
    .filter((part) => part !== null)
    .join(' · ')
}

function RowTitle({ migration }: { readonly migration: MigrationView }) {
  const { id, source, target } = migration
  return (
    <span className={styles.title}>
      <Link to="/migrations/$id" params={{ id }} className={styles.link}>
        {source.name} <span className={styles.to}>to</span> {target.host}
      </Link>
      <StatePill migration={migration} />
    </span>
  )
}
