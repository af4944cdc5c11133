import { useMediaQuery, useWindowEvent } from '@mantine/hooks'
import type { ImageRow, ImageSort } from '@varve/protocol/images'
import { useEffect, useRef, useState, type ReactNode } from 'react'
import { ErrorCard } from '../../components/states.tsx'
import { isElsewhere, keyToAction, type GridAction } from './grid-keys.ts'
import { Row, rowElementId } from './image-row.tsx'
import type { ImageSearch } from './image-search.ts'
import { rangeOf, type ImageSelection } from './image-selection.ts'
import styles from './image-table.module.css'
import { useImagePages } from './use-image-pages.ts'
import { useRowWindow } from './use-row-window.ts'
import type { RowRange } from './view-of-rows.ts'

/** Shown as what is still to come. */
const rowsWhileLoading = 12

interface ImageTableProps {
  readonly search: ImageSearch
  readonly selected: ImageSelection
  readonly onToggle: (row: ImageRow) => void
  /** Rows of the list, by their places in it, are to be chosen besides. */
  readonly onRange: (range: { readonly first: number; readonly last: number }) => void
  readonly onClear: () => void
  readonly onSort: (sort: ImageSort) => void
  readonly onOpen: (id: string) => void
  /** Shown in the place of the rows when there are none. */
  readonly empty: ReactNode
  readonly onTotal: (total: number | null) => void
}

interface Column {
  readonly label: string
  readonly sort: ImageSort | null
  readonly isNumber?: true
  /** Left out where there is no room for all. */
  readonly isSpare?: true
}

const columns: readonly Column[] = [
  { label: 'Name', sort: 'name' },
  { label: 'Format', sort: 'format' },
  { label: 'Contents', sort: null, isSpare: true },
  { label: 'Size', sort: 'virtualSize', isNumber: true },
  { label: 'On host', sort: 'allocated', isNumber: true, isSpare: true },
  { label: 'Where it has data', sort: null },
  { label: 'Host', sort: 'host' },
  { label: 'Findings', sort: 'findings' },
  { label: 'Last proof', sort: 'provenAt' },
]

/** The image list: rows are fetched as they come into view, a hundred thousand scroll as one does. */
export function ImageTable({ search, selected, onSort, onOpen, empty, onTotal, ...choose }: ImageTableProps) {
  const isNarrow = useMediaQuery('(max-width: 700px)', false, { getInitialValueInEffect: false })
  const rowHeight = isNarrow ? 84 : 40
  const [total, setTotal] = useState<number | null>(null)
  const count = total ?? rowsWhileLoading
  const { ref, view, height, reveal, seenRows, toStart } = useRowWindow({ rowHeight, count })
  const [cursor, setCursor] = useState(0)
  /** Where a range that shift draws begins. */
  const anchor = useRef(0)
  const pages = useImagePages(search, view)
  if (pages.total !== total) setTotal(pages.total)

  useEffect(() => onTotal(total), [onTotal, total])
  const [searched, setSearched] = useState(search)
  if (searched !== search) {
    setSearched(search)
    setCursor(0)
  }
  useEffect(() => {
    anchor.current = 0
    toStart()
  }, [search, toStart])

  const move = (to: number) => {
    const next = Math.max(0, Math.min((total ?? 1) - 1, to))
    setCursor(next)
    reveal(next)
    return next
  }
  const extend = (to: number) => choose.onRange(rangeOf(anchor.current, to))
  const carryOut = (action: GridAction) => {
    const row = pages.isCurrent ? pages.rowAt(cursor) : null
    switch (action.do) {
      case 'move': {
        const to = move(cursor + action.by)
        if (action.extends) extend(to)
        else anchor.current = to
        break
      }
      case 'end':
        anchor.current = move(action.at === 'first' ? 0 : (total ?? 1) - 1)
        break
      case 'toggle':
        anchor.current = cursor
        if (row) choose.onToggle(row)
        break
      case 'open':
        if (row) onOpen(row.id)
        break
      case 'select-all':
        choose.onRange(rangeOf(0, (total ?? 1) - 1))
        break
      case 'clear':
        choose.onClear()
    }
  }
  useWindowEvent('keydown', (event) => {
    if (event.defaultPrevented || isElsewhere(event.target, event)) return
    const perPage = Math.max(1, seenRows() - 2)
    const action = keyToAction(event, perPage)
    if (!action || total === null) return
    event.preventDefault()
    carryOut(action)
  })
  const point = (index: number, how: 'open' | 'toggle' | 'extend') => {
    const row = pages.rowAt(index)
    setCursor(index)
    if (how === 'extend') {
      extend(index)
      return
    }
    anchor.current = index
    if (!row) return
    if (how === 'toggle') choose.onToggle(row)
    else onOpen(row.id)
  }

  if (pages.error !== null) return <ErrorCard error={pages.error} onRetry={pages.refetch} />
  if (total === 0) return empty
  return (
    <div
      ref={ref}
      className={styles.scroll}
      role="grid"
      aria-label="Images"
      aria-rowcount={total === null ? -1 : total + 1}
      aria-multiselectable
      aria-activedescendant={rowElementId(cursor)}
      tabIndex={0}
      data-images-grid
    >
      <div className={styles.table} role="presentation">
        <Head search={search} onSort={onSort} />
        <div className={styles.rows} role="rowgroup" style={{ height }}>
          {placesOf(view, count).map((index) => {
            const row = pages.rowAt(index)
            return (
              <Row
                key={index}
                row={row}
                index={index}
                style={{ height: rowHeight, transform: `translateY(${index * rowHeight + view.shift}px)` }}
                isCursor={index === cursor}
                isSelected={row !== null && selected.has(row.id)}
                onPoint={point}
              />
            )
          })}
        </div>
      </div>
    </div>
  )
}

/** The places of the rows to draw, of as many as there are. */
function placesOf({ first, last }: RowRange, count: number): readonly number[] {
  const from = Math.min(first, count)
  return Array.from({ length: Math.min(last + 1, count) - from }, (_, at) => from + at)
}

function Head({ search, onSort }: Pick<ImageTableProps, 'search' | 'onSort'>) {
  const sorted = search.sort ?? 'name'
  const direction = search.direction ?? 'asc'
  return (
    <div className={`${styles.cells} ${styles.head}`} role="row" aria-rowindex={1}>
      <span role="columnheader">
        <span className={styles.unseen}>Selected</span>
      </span>
      {columns.map(({ label, sort, isNumber, isSpare }) => {
        const isSorted = sort !== null && sort === sorted
        return (
          <span
            key={label}
            role="columnheader"
            data-spare={isSpare}
            className={sort === null ? styles.noSort : isNumber ? styles.number : undefined}
            aria-sort={isSorted ? (direction === 'asc' ? 'ascending' : 'descending') : undefined}
          >
            {sort === null ? (
              label
            ) : (
              <button
                type="button"
                className={styles.sort}
                data-active={isSorted || undefined}
                onClick={() => onSort(sort)}
              >
                {label}
                {isSorted && <span aria-hidden>{direction === 'asc' ? '↑' : '↓'}</span>}
              </button>
            )}
          </span>
        )
      })}
    </div>
  )
}
