import { formatWholeBytes, groupThousands } from '@varve/core/units/format-bytes'
import { chunkCount, chunkSize } from '@varve/core/digest/disk-digest'
import type { ChunkMap } from '@varve/protocol/job-progress'
import { migrationNumbers } from '@varve/protocol/migration-numbers'
import type { MigrationView } from '@varve/protocol/migrations'
import { memo } from 'react'
import { Panel } from '../../components/card.tsx'
import { Meter } from '../../components/marks.tsx'
import { useNow } from '../../components/use-now.ts'
import { Figures } from '../../plans/figures.tsx'
import { blankMap, cellsToGrid, cellStates, type ChunkGrid } from './cells-to-grid.ts'
import { migrationToFigures } from './migration-to-numbers.ts'
import { passShares } from './pass-shares.ts'
import styles from './migration.module.css'

/** Four figures, the bar and the chunk map. */
export function ProgressPanel({ migration }: { readonly migration: MigrationView }) {
  const now = useNow(1000)
  const numbers = migrationNumbers(migration)
  const { virtualSize } = migration.source
  const blank = virtualSize === null ? null : blankMap(virtualSize)
  const map = numbers.map ?? (numbers.isOver ? null : blank)
  const grid = map && map.cells.length > 0 ? cellsToGrid(map) : null
  const { proven, written } = passShares(numbers)
  return (
    <Panel label="Progress">
      <Figures figures={migrationToFigures(migration, now)} />
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
            {numbers.isOver && numbers.phase !== 'succeeded' && ', as it was when it ended'}
          </h2>
          <ChunkCells grid={grid} />
          <Legend counts={grid.counts} />
        </>
      ) : (
        <p className={styles.mapNote}>{mapNote(migration)}</p>
      )}
    </Panel>
  )
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

function Legend({ counts }: Pick<ChunkGrid, 'counts'>) {
  return (
    <div className={styles.legend}>
      {legend.map(([state, label]) => (
        <span key={state} className={styles.key}>
          <span className={styles.cell} data-state={state} aria-hidden />
          {label}
          {counts && <strong className={styles.count}>{groupThousands(counts[cellStates[state]])}</strong>}
        </span>
      ))}
    </div>
  )
}
