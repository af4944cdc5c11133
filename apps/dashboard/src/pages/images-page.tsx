import { Button } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import type { ImageSort } from '@varve/protocol/images'
import { useMemo, useState } from 'react'
import { Panel } from '../components/card.tsx'
import { PageHead } from '../components/page-head.tsx'
import { Empty } from '../components/states.tsx'
import { useTRPC } from '../data/trpc.ts'
import { FilterBar } from '../features/image-table/filter-bar.tsx'
import { searchToChips, toImageSearch, type ImageSearch } from '../features/image-table/image-search.ts'
import styles from '../features/image-table/image-table.module.css'
import { ImageTable } from '../features/image-table/image-table.tsx'
import { MigrateDialog } from '../features/migrate-dialog/migrate-dialog.tsx'

const route = getRouteApi('/images')

/** All images of the fleet; search, filters, order and open dialogs stand in the URL. */
export function ImagesPage() {
  const { migrate = [], ...list } = route.useSearch()
  const listKey = JSON.stringify(list)
  // The same object while the list's part of the URL is the same: opening a dialog must not move the list.
  const search = useMemo<ImageSearch>(() => toImageSearch(JSON.parse(listKey)), [listKey])
  const navigate = route.useNavigate()
  const [selected, setSelected] = useState<ReadonlySet<string>>(() => new Set())
  const [total, setTotal] = useState<number | null>(null)

  const change = (changes: { [K in keyof ImageSearch]?: ImageSearch[K] | undefined }) =>
    void navigate({ search: (now) => toImageSearch({ ...now, ...changes }), replace: true })
  const sortBy = (sort: ImageSort) =>
    change({
      sort,
      direction: (search.sort ?? 'name') === sort && search.direction !== 'desc' ? 'desc' : undefined,
    })
  const toggle = (id: string) =>
    setSelected((now) => {
      const next = new Set(now)
      if (!next.delete(id)) next.add(id)
      return next
    })

  return (
    <>
      <PageHead title="Images" />
      <Panel label="Images">
        <FilterBar search={search} total={total} onChange={change} />
        <ImageTable
          search={search}
          selected={selected}
          onSelect={toggle}
          onSort={sortBy}
          onOpen={(id) => void navigate({ to: '/images/$id', params: { id } })}
          onTotal={setTotal}
          empty={<NoImages search={search} onClear={() => void navigate({ search: {}, replace: true })} />}
        />
        <div className={styles.batch}>
          {selected.size > 0 ? (
            <>
              <span>{selected.size} selected</span>
              <Button size="xs" onClick={() => change({ migrate: [...selected] })}>
                Migrate…
              </Button>
              <Button size="xs" variant="subtle" onClick={() => setSelected(new Set())}>
                Clear
              </Button>
            </>
          ) : (
            <span className={styles.soft}>Nothing selected</span>
          )}
          <span className={styles.keys}>
            <kbd>/</kbd> search&ensp;<kbd>j</kbd> <kbd>k</kbd> move&ensp;<kbd>space</kbd> select&ensp;
            <kbd>↵</kbd> open
          </span>
        </div>
      </Panel>
      <MigrateQueue
        ids={migrate}
        onNext={(rest) => change({ migrate: rest.length === 0 ? undefined : rest })}
        onStarted={(id) => setSelected((now) => new Set([...now].filter((other) => other !== id)))}
      />
    </>
  )
}

interface MigrateQueueProps {
  readonly ids: readonly string[]
  readonly onNext: (rest: readonly string[]) => void
  readonly onStarted: (imageId: string) => void
}

/** One dialog for each chosen image, one after the other. */
function MigrateQueue({ ids, onNext, onStarted }: MigrateQueueProps) {
  const api = useTRPC()
  const [first, ...rest] = ids
  const image = useQuery(api.images.get.queryOptions({ id: first ?? '' }, { enabled: first !== undefined }))
  const row = first !== undefined && image.data?.row.id === first ? image.data.row : null
  return (
    <MigrateDialog
      row={row}
      {...(rest.length > 0 ? { position: `${rest.length} more to come` } : {})}
      onClose={() => onNext([])}
      onStarted={() => {
        if (row) {
          onStarted(row.id)
          notifications.show({ title: 'Migration started', message: `${row.name} is on its way.` })
        }
        onNext(rest)
      }}
    />
  )
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
