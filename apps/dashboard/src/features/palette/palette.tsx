import { Modal, TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useEffect, useEffectEvent, useRef, useState, type KeyboardEvent } from 'react'
import { chosenRow, fits, inShownOrder, rowBeside, type PaletteRow } from './palette-rows.ts'
import styles from './palette.module.css'
import { useFoundRows } from './use-found-rows.ts'
import { useHereRows } from './use-here-rows.ts'
import { usePageRows } from './use-page-rows.ts'
import { useUploadRows } from './use-upload-rows.ts'

interface PaletteProps {
  readonly opened: boolean
  readonly onClose: () => void
}

/** Ctrl-K: go to any host, image, migration or page, act on what is open, set what can be set. */
export default function Palette({ opened, onClose }: PaletteProps) {
  return (
    <Modal
      attributes={{ content: { 'aria-label': 'Go to' } }}
      opened={opened}
      onClose={onClose}
      withCloseButton={false}
      centered={false}
      yOffset="10dvh"
      size={620}
      padding={0}

      transitionProps={{ duration: 0 }}
      classNames={{ content: styles.content }}
    >
      <Search onClose={onClose} />
    </Modal>
  )
}

function Search({ onClose }: Pick<PaletteProps, 'onClose'>) {
  const [query, setQuery] = useState('')
  const [chosen, setChosen] = useState<string | null>(null)
  /** Enter was pressed before anything was found: it means the first row, once there is one. */
  const isWaiting = useRef(false)
  const { rows, isSettled } = useRows(query.trim())
  const current = chosenRow(rows, chosen)

  const run = (row: PaletteRow) => {
    onClose()
    row.run()
  }
  const runLate = useEffectEvent(() => {
    if (!isWaiting.current || (!current && !isSettled)) return
    isWaiting.current = false
    if (current) run(current)
  })
  useEffect(() => runLate(), [current?.id, isSettled])
  const choose = (by: number) => setChosen(rowBeside(rows, chosen, by))
  const onKeyDown = (event: KeyboardEvent) => {
    const act: Readonly<Record<string, () => void>> = {
      ArrowDown: () => choose(1),
      ArrowUp: () => choose(-1),
      PageDown: () => choose(8),
      PageUp: () => choose(-8),
      Enter: () => {
        if (current) run(current)
        else isWaiting.current = !isSettled
      },
    }
    const action = act[event.key]
    // Enter that ends the composition of a character is not ours.
    if (!action || event.nativeEvent.isComposing) return
    event.preventDefault()
    action()
  }

  return (
    <>
      <div className={styles.field}>
        <TextInput
          data-autofocus
          role="combobox"

          aria-expanded
          aria-controls="palette-rows"
          aria-activedescendant={current ? optionId(current) : undefined}
          aria-autocomplete="list"
          placeholder="Go to a host, image or migration"
          spellCheck={false}
          value={query}
          onChange={({ currentTarget }) => {
            setQuery(currentTarget.value)
            setChosen(null)
            isWaiting.current = false
          }}
          onKeyDown={onKeyDown}
        />
      </div>
      <Rows rows={rows} current={current} onChoose={setChosen} onRun={run} />
      {rows.length === 0 && (
        <p className={styles.none} role="status">
          {isSettled ? 'Nothing has that name' : 'Looking…'}
        </p>
      )}
    </>
  )
}

/** All that fits the words; rows that are shown for them keep their places while more are found. */
function useRows(words: string): { rows: readonly PaletteRow[]; isSettled: boolean } {
  const [settled] = useDebouncedValue(words, 120)
  const here = useHereRows()
  const pages = usePageRows()
  const uploads = useUploadRows()
  const found = useFoundRows(settled)
  const isCurrent = settled === words
  const fitting = [
    ...here.filter((row) => fits(row, words)),
    ...pages.filter((row) => fits(row, words)),
    ...uploads.filter((row) => fits(row, words)),
    // Until the controller was asked about these words, what it found for others is shown where it fits them too.
    ...(isCurrent ? found.rows : found.rows.filter((row) => fits(row, words))),
  ]
  const [shown, setShown] = useState<{ words: string; ids: readonly string[] }>({ words, ids: [] })
  const rows = inShownOrder(fitting, shown.words === words ? shown.ids : [])
  const ids = rows.map(({ id }) => id)
  if (shown.words !== words || ids.join('\n') !== shown.ids.join('\n')) setShown({ words, ids })
  return { rows, isSettled: isCurrent && found.isSettled }
}

interface RowsProps {
  readonly rows: readonly PaletteRow[]
  readonly current: PaletteRow | null
  readonly onChoose: (id: string) => void
  readonly onRun: (row: PaletteRow) => void
}

function Rows({ rows, current, onChoose, onRun }: RowsProps) {
  const list = useRef<HTMLDivElement>(null)
  const currentId = current?.id
  useEffect(() => {
    list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest' })
  }, [currentId])
  return (
    <div
      ref={list}
      id="palette-rows"
      role="listbox"
      aria-label="Found"
      className={styles.list}
      hidden={rows.length === 0}
    >
      {rows.map((row) => (
        // eslint-disable-next-line jsx-a11y/click-events-have-key-events -- keys are the field's: arrows and Enter
        <div
          key={row.id}
          id={optionId(row)}
          role="option"
          tabIndex={-1}
          aria-selected={row.id === currentId}
          className={styles.option}
          onMouseMove={() => {
            if (row.id !== currentId) onChoose(row.id)
          }}
          onClick={() => onRun(row)}
        >
          <span className={styles.label}>{row.label}</span>
          <span className={styles.more}>{row.more}</span>
        </div>
      ))}
    </div>
  )
}

function optionId({ id }: PaletteRow): string {
  return `palette ${id}`.replaceAll(/[^\w-]/gu, '-')
}
