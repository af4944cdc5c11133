import { Button } from '@mantine/core'
import { useQueries, useQueryClient } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import type { ImageRow, ImageSort } from '@varve/protocol/images'
import { lazy, Suspense, useMemo, useState, type ReactNode } from 'react'
import { Panel } from '../components/card.tsx'
import { PageHead } from '../components/page-head.tsx'
import { Empty } from '../components/states.tsx'
import { notify } from '../components/notify.ts'
import { useTRPC } from '../data/trpc.ts'
import { FilterBar } from '../features/image-table/filter-bar.tsx'
import {
  searchToChips,
  toImageQuery,
  toImageSearch,
  type ImageSearch,
} from '../features/image-table/image-search.ts'
import {
  mostSelected,
  noSelection,
  toggled,
  without,
  withRows,
  type ImageSelection,
} from '../features/image-table/image-selection.ts'
import styles from '../features/image-table/image-table.module.css'
import { ImageTable } from '../features/image-table/image-table.tsx'

const BatchDialog = lazy(() =>
  import('../features/migrate-dialog/batch-dialog.tsx').then((module) => ({ default: module.BatchDialog })),
)

/** Loaded with the first choice: a list that is only looked at does without what all operations are. */
const BatchButtons = lazy(() =>
  import('../features/operate/batch-buttons.tsx').then((module) => ({ default: module.BatchButtons })),
)

const OperateBatchDialog = lazy(() =>
  import('../features/operate/operate-batch-dialog.tsx').then((module) => ({
    default: module.OperateBatchDialog,
  })),
)

const route = getRouteApi('/images')
const isMac = /mac/iu.test(navigator.userAgent)

/** All images of the fleet; search, filters, order and open dialogs stand in the URL. */
export function ImagesPage() {
  const { migrate = [], do: operation, images: chosen = [], ...list } = route.useSearch()
  const listKey = JSON.stringify(list)
  // The same object while the list's part of the URL is the same: opening a dialog must not move the list.
  const search = useMemo<ImageSearch>(() => toImageSearch(JSON.parse(listKey)), [listKey])
  const navigate = route.useNavigate()
  const [selected, setSelected] = useState<ImageSelection>(noSelection)
  const [total, setTotal] = useState<number | null>(null)
  const api = useTRPC()
  const queryClient = useQueryClient()

  const change = (changes: { [K in keyof ImageSearch]?: ImageSearch[K] | undefined }) =>
    void navigate({ search: (now) => toImageSearch({ ...now, ...changes }), replace: true })
  const sortBy = (sort: ImageSort) =>
    change({
      sort,
      direction: (search.sort ?? 'name') === sort && search.direction !== 'desc' ? 'desc' : undefined,
    })
  const chooseRange = async ({ first, last }: { first: number; last: number }) => {
    const query = toImageQuery(search, { offset: first, limit: last - first + 1 })
    const { rows } = await queryClient.fetchQuery(api.images.list.queryOptions(query, { staleTime: 15_000 }))
    setSelected((now) => withRows(now, rows))
  }

  const finish = (started: readonly string[], what: string) => {
    setSelected((now) => without(now, started))
    void notify({
      title: `${started.length === 1 ? '' : `${started.length} `}${what} started`,
      message: 'Each has a line of its own in the list of runs.',
    })
    void navigate({ to: '/runs', search: {} })
  }

  return (
    <>
      <PageHead title="Images" />
      <Panel label="Images">
        <FilterBar search={search} total={total} onChange={change} />
        <ImageTable
          search={search}
          selected={selected}
          onToggle={(row) => setSelected((now) => toggled(now, row))}
          onRange={(range) => void chooseRange(range)}
          onClear={() => setSelected(noSelection)}
          onSort={sortBy}
          onOpen={(id) => void navigate({ to: '/images/$id', params: { id } })}
          onTotal={setTotal}
          empty={<NoImages search={search} onClear={() => void navigate({ search: {}, replace: true })} />}
        />
        <div className={styles.batch}>
          {selected.size > 0 ? (
            <>
              <span>
                {selected.size} selected
                {selected.size === mostSelected && ': as many as one batch takes'}
              </span>
              <Button size="xs" onClick={() => change({ migrate: [...selected.keys()] })}>
                Migrate…
              </Button>
              <Suspense fallback={null}>
                <BatchButtons onChoose={(face) => change({ do: face, images: [...selected.keys()] })} />
              </Suspense>
              <Button size="xs" variant="subtle" onClick={() => setSelected(noSelection)}>
                Clear
              </Button>
            </>
          ) : (
            <span className={styles.soft}>Nothing selected</span>
          )}
          <span className={styles.keys}>
            <kbd>/</kbd> search&ensp;<kbd>j</kbd> <kbd>k</kbd> move&ensp;<kbd>space</kbd> select&ensp;
            <kbd>shift</kbd> a range&ensp;<kbd>{isMac ? '⌘' : 'ctrl'}</kbd> <kbd>a</kbd> all&ensp;
            <kbd>esc</kbd> none&ensp;<kbd>↵</kbd> or click open
          </span>
        </div>
      </Panel>
      <Chosen ids={migrate} selected={selected}>
        {(rows) => (
          <BatchDialog
            rows={rows}
            onClose={() => change({ migrate: undefined })}
            onStarted={(started) => finish(started, started.length === 1 ? 'Migration' : 'migrations')}
          />
        )}
      </Chosen>
      <Chosen ids={operation === undefined ? [] : chosen} selected={selected}>
        {(rows) => (
          <OperateBatchDialog
            operation={operation ?? ''}
            rows={rows}
            onClose={() => change({ do: undefined, images: undefined })}
            onStarted={(started) => finish(started, started.length === 1 ? 'Run' : 'runs')}
          />
        )}
      </Chosen>
    </>
  )
}

interface ChosenProps {
  readonly ids: readonly string[]
  readonly selected: ImageSelection
  /** The dialog; null while rows are asked for. */
  readonly children: (rows: readonly ImageRow[] | null) => ReactNode
}

/** A dialog for the images that the URL names; rows that were not chosen here are asked for. */
function Chosen({ ids, selected, children }: ChosenProps) {
  const api = useTRPC()
  const missing = ids.filter((id) => !selected.has(id))
  const asked = useQueries({ queries: missing.map((id) => api.images.get.queryOptions({ id })) })
  const found = new Map(asked.flatMap(({ data }) => (data ? [[data.row.id, data.row] as const] : [])))
  const rows = ids.flatMap((id) => selected.get(id) ?? found.get(id) ?? [])
  const isReady = ids.length > 0 && rows.length > 0 && asked.every(({ isPending }) => !isPending)
  if (ids.length === 0) return null
  return <Suspense fallback={null}>{children(isReady ? rows : null)}</Suspense>
}

function NoImages({ search, onClear }: { readonly search: ImageSearch; readonly onClear: () => void }) {
  const isNarrowed = search.q !== undefined || searchToChips(search).length > 0
  if (!isNarrowed) {
    return (
      <Empty title="No images yet">
        Agents look through the library folders they are given. Put an image into one of them, or give an
        agent another folder: it appears here within seconds.
      </Empty>
    )
  }
  return (
    <Empty
      title="No image fits"
      more={
        <div style={{ textAlign: 'center' }}>
          <Button onClick={onClear}>Show all images</Button>
        </div>
      }
    >
      Nothing has that name with these filters.
    </Empty>
  )
}
