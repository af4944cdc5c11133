import { formatWholeBytes, groupThousands } from '@varve/core/binary/format-bytes'
import { chunkCount, chunkSize } from '@varve/core/digest/disk-digest'
import type { ChunkMap } from '@varve/protocol/jobs'
import type { MigrationView } from '@varve/protocol/migrations'
import { memo, useMemo, useState } from 'react'
import { Panel } from '../../components/card.tsx'
import { Meter } from '../../components/marks.tsx'
import { useNow } from '../../components/use-now.ts'
import { blankMap, cellsToGrid, provenMap, type ChunkGrid } from './cells-to-grid.ts'
import { migrationToFigures, runningStep, shareDone } from './migration-to-numbers.ts'
import styles from './migration.module.css'

/** Four figures, the bar and the chunk map. */
export function ProgressPanel({ migration }: { readonly migration: MigrationView }) {
  const now = useNow(1000)
  const map = useLastMap(migration)
  const grid = useMemo(() => (map && map.cells.length > 0 ? cellsToGrid(map) : null), [map])
  const { proven, written } = shares(migration, grid)
  return (
    <Panel label="Progress">
      <dl className={styles.figures}>
        {migrationToFigures(migration, now).map(({ value, label }, index) => (
          <div key={index} className={styles.figure}>
            <dt className={styles.figureLabel}>{label}</dt>
            <dd className={styles.figureValue}>{value}</dd>
          </div>
        ))}
      </dl>
      <div className={styles.progress}>
        <Meter
          parts={[
            { share: proven, colour: 'var(--varve-L3)' },
            { share: written, colour: 'var(--varve-L2)' },
          ]}
          label={`${Math.round(proven * 100)} % written and proven, ${Math.round(written * 100)} % written`}
        />
      </div>
      {map && grid ? (
        <>
          <h2 className={styles.mapTitle}>
            Disk, {groupThousands(map.chunks)} chunks of {formatWholeBytes(chunkSize)}, each cell{' '}
            {map.chunksPerCell}
          </h2>
          <ChunkCells grid={grid} />
          <Legend />
        </>
      ) : (
        <p className={styles.mapNote}>{mapNote(migration)}</p>
      )}
    </Panel>
  )
}

/** The newest map; between steps and after the end the last one stays, so that the page keeps its shape. */
function useLastMap(migration: MigrationView): ChunkMap | null {
  const { progress, state, finishedAt, source } = migration
  const current = progress?.chunkMap ?? null
  const [last, setLast] = useState<ChunkMap | null>(null)
  if (current !== null && current !== last) setLast(current)
  if (state === 'succeeded') return last && provenMap(last)
  if (current !== null || last !== null) return current ?? last
  return finishedAt === null && source.virtualSize !== null ? blankMap(source.virtualSize) : null
}

function shares(migration: MigrationView, grid: ChunkGrid | null): { proven: number; written: number } {
  if (migration.state === 'succeeded') return { proven: 1, written: 0 }
  if (grid) return { proven: grid.proven, written: grid.written }
  const share = shareDone(migration)
  return runningStep(migration)?.id === 'verify'
    ? { proven: share, written: 1 - share }
    : { proven: 0, written: share }
}

function mapNote({ state, source }: MigrationView): string {
  switch (state) {
    case 'succeeded':
      return source.virtualSize === null
        ? 'Every chunk was read back from the target and is equal to the source’s.'
        : `All ${groupThousands(chunkCount(source.virtualSize))} chunks of 4 MiB were read back from the target and are equal to the source’s.`
    case 'failed':
    case 'canceled':
      return 'No chunk of this migration is kept on the target.'
    case 'waiting':
    case 'running':
    case 'canceling':
      return 'The map of the disk appears here once its bytes move.'
  }
}

function ChunkCells({ grid }: { readonly grid: ChunkGrid }) {
  return (
    <div className={styles.map} role="img" aria-label={grid.words}>
      {grid.rows.map((cells, row) => (
        <MapRow key={row} cells={cells} />
      ))}
    </div>
  )
}

const MapRow = memo(function MapRow({ cells }: { readonly cells: ChunkMap['cells'] }) {
  return (
    <div className={styles.mapRow}>
      {Array.from(cells, (cell) => cell).map((cell, index) => (
        <span key={index} className={styles.cell} data-state={cell} />
      ))}
    </div>
  )
})

const legend = [
  ['p', 'written and proven'],
  ['w', 'written'],
  ['f', 'in flight'],
  ['.', 'waiting'],
  ['z', 'zero, skipped'],
] as const

function Legend() {
  return (
    <div className={styles.legend}>
      {legend.map(([state, label]) => (
        <span key={state} className={styles.key}>
          <span className={styles.cell} data-state={state} aria-hidden />
          {label}
        </span>
      ))}
    </div>
  )
}
