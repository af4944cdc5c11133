import { Link } from '@tanstack/react-router'
import { formatRate } from '@varve/core/binary/format-bytes'
import { nameOfKind } from '@varve/core/formats/writable-formats'
import { migrationNumbers } from '@varve/protocol/migration-numbers'
import { movedWords } from '@varve/protocol/migration-words'
import type { MigrationView } from '@varve/protocol/migrations'
import { Meter, TimeAgo } from '../../components/marks.tsx'
import { leftWords } from './migration-to-numbers.ts'
import styles from './migration-table.module.css'
import { passShares } from './pass-shares.ts'
import { StatePill } from './state-pill.tsx'

/** Migrations as a table: which image, from where to where, as what, and how it stands. */
export function MigrationTable({ migrations }: { readonly migrations: readonly MigrationView[] }) {
  return (
    <div className={styles.scroll}>
      <table className={styles.table}>
        <thead>
          <tr>
            <th scope="col" className={styles.number}>
              No
            </th>
            <th scope="col">Image</th>
            <th scope="col">Target</th>
            <th scope="col">Format</th>
            <th scope="col">State</th>
            <th scope="col">Copied</th>
            <th scope="col">Ended</th>
          </tr>
        </thead>
        <tbody>
          {migrations.map((migration) => (
            <Row key={migration.id} migration={migration} />
          ))}
        </tbody>
      </table>
    </div>
  )
}

function Row({ migration }: { readonly migration: MigrationView }) {
  const { id, number, source, target, finishedAt } = migration
  return (
    <tr>
      <td className={styles.number}>{number}</td>
      <td className={styles.names}>
        <Link to="/migrations/$id" params={{ id }} className={styles.link} title={source.name}>
          {source.name.split('/').at(-1)}
        </Link>
        <span className={styles.soft}>
          {nameOfKind(source.format, null)} on {source.host}
        </span>
      </td>
      <td className={styles.names}>
        <span className={styles.target} title={target.name}>
          {target.name}
        </span>
        <span className={styles.soft} title={`${target.library} on ${target.host}`}>
          on {target.host}, {target.library}
        </span>
      </td>
      <td>{nameOfKind(target.format, target.subformat)}</td>
      <td>
        <StatePill migration={migration} />
      </td>
      <td className={`${styles.soft} ${styles.copied}`}>
        {finishedAt === null ? <Progress migration={migration} /> : <Result migration={migration} />}
      </td>
      <td className={styles.soft}>{finishedAt === null ? 'runs' : <TimeAgo at={finishedAt} />}</td>
    </tr>
  )
}

function Progress({ migration }: { readonly migration: MigrationView }) {
  const numbers = migrationNumbers(migration)
  const { proven, written } = passShares(numbers)
  const words = [
    `${numbers.percent} %`,
    numbers.rate === null ? null : formatRate(numbers.rate),
    leftWords(numbers),
  ]
  return (
    <span className={styles.progress}>
      <Meter
        parts={[
          { share: proven, colour: 'var(--varve-L3)' },
          { share: written, colour: 'var(--varve-L2)' },
        ]}
        label={`${numbers.percent} % of this step`}
      />
      {words.filter((part) => part !== null).join(' · ')}
    </span>
  )
}

function Result({ migration }: { readonly migration: MigrationView }) {
  const { state, error } = migration
  if (state === 'failed' && error !== null) {
    return (
      <>
        {error.layer}: {error.code.replaceAll('-', ' ')}
        <br />
        {movedWords(migration)}
      </>
    )
  }
  return movedWords(migration)
}
