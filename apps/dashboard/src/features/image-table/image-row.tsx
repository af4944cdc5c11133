import { Link } from '@tanstack/react-router'
import type { ImageRow } from '@varve/protocol/images'
import type { CSSProperties, MouseEvent } from 'react'
import { ByteSize, L2Strip, TimeAgo } from '../../components/marks.tsx'
import { Skeleton } from '../../components/states.tsx'
import styles from './image-table.module.css'

interface RowProps {
  readonly row: ImageRow | null
  readonly index: number
  readonly style: CSSProperties
  readonly isCursor: boolean
  readonly isSelected: boolean
  /** A click on the row, with what it asks for. */
  readonly onPoint: (index: number, how: 'open' | 'toggle' | 'extend') => void
}

/** The DOM id of a row, for `aria-activedescendant`. */
export function rowElementId(index: number): string {
  return `image-row-${index}`
}

export function Row({ row, index, style, isCursor, isSelected, onPoint }: RowProps) {
  if (!row) {
    return (
      <div role="row" aria-rowindex={index + 2} className={`${styles.row} ${styles.cells}`} style={style}>
        <span role="gridcell" aria-label="Not loaded yet" />
        <span role="gridcell" aria-label="Loading">
          <Skeleton height={14} width="60%" />
        </span>
      </div>
    )
  }
  const onClick = (event: MouseEvent) => {
    // The name is a link: it opens as links do, also in another tab.
    if (event.target instanceof Element && event.target.closest('a') && !event.shiftKey) return
    event.preventDefault()
    onPoint(index, event.shiftKey ? 'extend' : isToggle(event) ? 'toggle' : 'open')
  }
  return (
    // eslint-disable-next-line jsx-a11y/click-events-have-key-events -- keys are the grid's: j, k, space, Enter
    <div
      role="row"
      id={rowElementId(index)}
      aria-rowindex={index + 2}
      aria-selected={isSelected}
      data-cursor={isCursor || undefined}
      data-away={row.hostState === 'offline' || undefined}
      className={`${styles.row} ${styles.cells}`}
      style={style}
      onClick={onClick}
      onMouseDown={(event) => {
        // Shift would select text.
        if (event.shiftKey) event.preventDefault()
      }}
    >
      <Cells row={row} isSelected={isSelected} />
    </div>
  )
}

/** Whether a click chooses its row: one with Ctrl, or one in the cell of the box, which is easier to hit than the box. */
function isToggle({ ctrlKey, metaKey, target }: MouseEvent): boolean {
  return ctrlKey || metaKey || (target instanceof Element && target.closest('[data-area="pick"]') !== null)
}

function Cells({ row, isSelected }: { readonly row: ImageRow; readonly isSelected: boolean }) {
  const { id, name, format, subformat, contents, host, library, strip } = row
  const folder = name.slice(0, name.lastIndexOf('/') + 1)
  return (
    <>
      <span role="gridcell" data-area="pick" className={styles.pick}>
        <input
          type="checkbox"
          className={styles.box}
          tabIndex={-1}
          aria-label={`Select ${name}`}
          checked={isSelected}
          readOnly
        />
      </span>
      <span role="gridcell" data-area="name" className={styles.cell} title={name}>
        <Link to="/images/$id" params={{ id }} className={styles.name} tabIndex={-1}>
          {folder !== '' && <span className={styles.folder}>{folder}</span>}
          <span className={styles.base}>{name.slice(folder.length)}</span>
        </Link>
      </span>
      <span role="gridcell" data-area="format" className={styles.cell} title={subformat ?? undefined}>
        {format}
      </span>
      <span
        role="gridcell"
        data-area="contents"
        data-spare
        className={`${styles.cell} ${styles.soft}`}
        title={contents}
      >
        {contents === '' ? 'not known' : contents}
      </span>
      <span role="gridcell" data-area="size" className={`${styles.cell} ${styles.number}`}>
        <ByteSize bytes={row.virtualSize} />
      </span>
      <span role="gridcell" data-area="wide" data-spare className={`${styles.cell} ${styles.number}`}>
        <ByteSize bytes={row.allocated} />
      </span>
      <span role="gridcell" data-area="strip">
        <L2Strip strip={strip} />
      </span>
      <span role="gridcell" data-area="host" className={styles.cell} title={`${host}, library ${library}`}>
        {host}
        {row.hostState === 'offline' && <span className={styles.away}> offline</span>}
      </span>
      <span role="gridcell" data-area="findings" className={styles.cell}>
        <Findings findings={row.findings} />
      </span>
      <span role="gridcell" data-area="wide" className={`${styles.cell} ${styles.soft}`}>
        {row.provenAt === null ? 'never' : <TimeAgo at={row.provenAt} />}
      </span>
    </>
  )
}

const severities = [
  ['block', '✕', 'blocking'],
  ['warn', '!', 'warnings'],
  ['info', 'i', 'notes'],
] as const

function Findings({ findings }: { readonly findings: ImageRow['findings'] }) {
  const shown = severities.filter(([severity]) => findings[severity] > 0)
  if (shown.length === 0) return <span className={styles.soft}>none</span>
  return shown.map(([severity, mark, words]) => (
    <span
      key={severity}
      className={styles.finding}
      data-severity={severity}
      title={`${findings[severity]} ${words}`}
    >
      <span aria-hidden>{mark}</span>
      {findings[severity]}
      <span style={{ position: 'absolute', left: -9999 }}>{words}</span>
    </span>
  ))
}
