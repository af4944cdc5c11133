import { Button, NativeSelect } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { Card, Panel, Stack } from '../components/card.tsx'
import { FilterRow } from '../components/filter-row.tsx'
import { PageHead } from '../components/page-head.tsx'
import { SearchField } from '../components/search-field.tsx'
import { Empty, ErrorCard, SkeletonRows } from '../components/states.tsx'
import { useTRPC, useTRPCClient } from '../data/trpc.ts'
import { AuditCheckCard } from '../features/audit/audit-check.tsx'
import { AuditRows } from '../features/audit/audit-rows.tsx'
import { auditResults, toAuditSearch, type AuditSearch } from '../features/audit/audit-search.ts'
import styles from '../features/audit/audit.module.css'

const route = getRouteApi('/audit')
const pageSize = 100

/** Who changed what, newest first; the filters stand in the URL. */
export function AuditPage() {
  const search = route.useSearch()
  const navigate = route.useNavigate()
  const query = useAuditPages(search)
  const lines = query.data?.pages.flatMap((page) => page.lines) ?? []
  const isFiltered = Object.keys(search).length > 0
  const change = (part: Record<string, string>) =>
    void navigate({ search: toAuditSearch({ ...search, ...part }), replace: true })
  return (
    <>
      <PageHead title="Audit" />
      <Stack>
        <AuditCheckCard />
        {query.isError && lines.length === 0 && (
          <ErrorCard error={query.error} onRetry={() => void query.refetch()} />
        )}
        {query.isPending && !isFiltered && (
          <Card title="Lines">
            <SkeletonRows rows={8} height={40} />
          </Card>
        )}
        {(query.data !== undefined || isFiltered) && (
          <Panel label="Lines">
            <AuditFilters search={search} shown={`${lines.length} shown`} onChange={change} />
            {lines.length > 0 && <AuditRows lines={lines} />}
            {query.data !== undefined && lines.length === 0 && (
              <Empty
                title={isFiltered ? 'No line fits' : 'Nothing was changed yet'}
                more={
                  isFiltered && (
                    <div style={{ textAlign: 'center' }}>
                      <Button onClick={() => void navigate({ search: {}, replace: true })}>Show all</Button>
                    </div>
                  )
                }
              >
                Whoever changes something, or tries to, is a line here: who, from where, what, on what, and
                what became of it.
              </Empty>
            )}
            {query.hasNextPage && (
              <div className={styles.more}>
                <Button loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
                  Show older lines
                </Button>
              </div>
            )}
          </Panel>
        )}
      </Stack>
    </>
  )
}

interface AuditFiltersProps {
  readonly search: AuditSearch
  readonly shown: string
  readonly onChange: (part: Record<string, string>) => void
}

function AuditFilters({ search, shown, onChange }: AuditFiltersProps) {
  return (
    <FilterRow label="Lines" shown={shown}>
      <SearchField
        label="About"
        placeholder="Host, image, run or file"
        value={search.on ?? ''}
        onSettled={(on) => onChange({ on })}
      />
      <SearchField
        label="Who"
        placeholder="Who, or from where"
        value={search.who ?? ''}
        onSettled={(who) => onChange({ who })}
      />
      <SearchField
        label="What"
        placeholder="What, such as runs."
        value={search.what ?? ''}
        onSettled={(what) => onChange({ what })}
      />
      <NativeSelect
        aria-label="Result"
        value={search.result ?? ''}
        onChange={({ currentTarget }) => onChange({ result: currentTarget.value })}
        data={[
          { value: '', label: 'Any result' },
          ...auditResults.map((value) => ({ value, label: value === 'ok' ? 'done' : value })),
        ]}
      />
    </FilterRow>
  )
}

function useAuditPages(search: AuditSearch) {
  const api = useTRPC()
  const client = useTRPCClient()
  return useInfiniteQuery({
    queryKey: [...api.audit.list.queryKey(search), 'pages'],
    queryFn: ({ pageParam, signal }) =>
      client.audit.list.query({ ...search, before: pageParam, limit: pageSize }, { signal }),
    initialPageParam: null as number | null,
    getNextPageParam: ({ isMore, lines }) => (isMore ? lines.at(-1)?.entry.sequence : undefined),
  })
}
