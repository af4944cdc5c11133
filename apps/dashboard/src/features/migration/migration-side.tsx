import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { formatBytes, formatRate } from '@varve/core/units/format-bytes'
import { nameOfKind } from '@varve/core/formats/writable-formats'
import { migrationNumbers } from '@varve/protocol/migration-numbers'
import { passWords } from '@varve/protocol/migration-words'
import type { MigrationView } from '@varve/protocol/migrations'
import { Card } from '../../components/card.tsx'
import { DigestText } from '../../components/marks.tsx'
import { rateHistoryKey } from '../../data/live-events.tsx'
import type { RateSample } from '../../data/rate-history.ts'
import { useTRPC } from '../../data/trpc.ts'
import { limitToWords } from './migration-to-numbers.ts'
import styles from './migration.module.css'
import { ratesToLine } from './rates-to-line.ts'

/** The cards beside the map: route, rate, proof. */
export function MigrationSide({ migration }: { readonly migration: MigrationView }) {
  return (
    <>
      <RouteCard migration={migration} />
      {migration.finishedAt === null && <RateCard migration={migration} />}
      <ProofCard migration={migration} />
    </>
  )
}

function RouteCard({ migration: { source, target, image } }: { readonly migration: MigrationView }) {
  const api = useTRPC()
  const host = useQuery(api.fleet.host.queryOptions({ name: target.host }))
  const library = host.data?.libraries.find(({ name }) => name === target.library)
  const free = library?.place.free ?? null
  const filesystem = library?.place.filesystem ?? null
  const sourceWords = [
    source.format,
    source.virtualSize === null ? null : `${formatBytes(source.virtualSize)} disk`,
  ]
  const targetWords = [
    nameOfKind(target.format, target.subformat),
    target.compression === 'none' ? null : `${target.compression} compressed`,
    free === null ? null : `${formatBytes(free)} free${filesystem === null ? '' : ` on ${filesystem}`}`,
  ]
  return (
    <Card title="Route">
      <div className={styles.place}>
        <Link to="/hosts/$name" params={{ name: source.host }} className={styles.placeHost}>
          {source.host}
        </Link>
        <div className={styles.placeWords}>
          <Link to="/images/$id" params={{ id: image }}>
            {source.name}
          </Link>
          {joined(sourceWords)}
        </div>
      </div>
      <div className={styles.path}>↓ pulled by {target.host} over NBD</div>
      <div className={styles.place}>
        <Link to="/hosts/$name" params={{ name: target.host }} className={styles.placeHost}>
          {target.host}
        </Link>
        <div className={styles.placeWords}>
          {target.imageId === null ? (
            target.name
          ) : (
            <Link to="/images/$id" params={{ id: target.imageId }}>
              {target.name}
            </Link>
          )}
          {joined(targetWords)}
        </div>
      </div>
    </Card>
  )
}

function joined(parts: readonly (string | null)[]): string {
  return parts.map((part) => (part === null ? '' : ` · ${part}`)).join('')
}

const canvas = { width: 258, height: 40 }

function RateCard({ migration }: { readonly migration: MigrationView }) {
  // Only live events write it: what was not seen was not measured here.
  const history = useQuery<readonly RateSample[]>({
    queryKey: rateHistoryKey(migration.id),
    queryFn: () => [],
    enabled: false,
    initialData: [],
  })
  const line = ratesToLine(history.data, canvas)
  const limit = limitToWords(migration)
  return (
    <Card title="Rate">
      <svg
        className={styles.spark}
        viewBox={`0 0 ${canvas.width} ${canvas.height}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={line ? `Rate over time, at most ${formatRate(line.highest)}` : 'No rate measured yet'}
      >
        {line && (
          <>
            <path className={styles.sparkArea} d={line.area} />
            <path className={styles.sparkLine} d={line.line} />
          </>
        )}
      </svg>
      <div className={styles.sparkFoot}>
        <span>{line ? new Date(line.since).toLocaleTimeString('en-GB') : ''}</span>
        <span>{limit ?? (line ? 'limit not known' : 'measured while bytes move')}</span>
        <span>{line ? 'now' : ''}</span>
      </div>
    </Card>
  )
}

const shortDigest = { first: 3, last: 1 }

function ProofCard({ migration }: { readonly migration: MigrationView }) {
  const { sourceDigest, targetDigest, verified, finishedAt } = migration
  return (
    <Card title="Proof">
      <div className={styles.proofLine}>
        <span>Source</span>
        {sourceDigest === null ? (
          <span className={styles.proofWords}>
            {finishedAt === null ? 'taken while it is read' : 'not taken'}
          </span>
        ) : (
          <DigestText digest={sourceDigest} groups={shortDigest} />
        )}
      </div>
      <div className={styles.proofLine}>
        <span>Arrived</span>
        {targetDigest === null ? (
          <span className={styles.proofWords}>{arrivedWords(migration)}</span>
        ) : (
          <DigestText digest={targetDigest} groups={shortDigest} />
        )}
      </div>
      {sourceDigest !== null && targetDigest !== null && (
        <div className={styles.verdict} data-tone={verified ? 'good' : 'bad'}>
          <span>{verified ? '✓ equal: bit for bit the same disk' : '✕ they differ'}</span>
          {verified && (
            <a href={`/api/manifests/${targetDigest}`} download>
              Manifest
            </a>
          )}
        </div>
      )}
    </Card>
  )
}

function arrivedWords(migration: MigrationView): string {
  const numbers = migrationNumbers(migration)
  if (numbers.isOver) return 'not proven'
  return numbers.phase === 'reading-back' ? passWords(numbers) : 'not read back yet'
}
