import { Button, Group, NativeSelect } from '@mantine/core'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { countOf, groupThousands } from '@varve/core/units/format-bytes'
import { Card, Panel, Stack } from '../components/card.tsx'
import { FilterRow } from '../components/filter-row.tsx'
import { PageHead } from '../components/page-head.tsx'
import { SearchField } from '../components/search-field.tsx'
import { Empty, ErrorCard, SkeletonRows } from '../components/states.tsx'
import { useTRPC } from '../data/trpc.ts'
import styles from '../features/fleet/fleet.module.css'
import { HostRows } from '../features/fleet/host-rows.tsx'
import { toHostSearch, type HostSearch } from '../features/fleet/host-search.ts'
import { JoinSteps } from '../features/fleet/join-steps.tsx'

const route = getRouteApi('/hosts')
const pageSize = 50

/** All hosts a page at a time, and how another one joins; what is shown stands in the URL. */
export function HostsPage() {
  const search = route.useSearch()
  const navigate = route.useNavigate()
  const api = useTRPC()
  const { q = '', state = null, from: offset = 0 } = search
  const hosts = useQuery(
    api.fleet.hosts.queryOptions(
      { search: q, state, offset, limit: pageSize },
      { placeholderData: keepPreviousData },
    ),
  )
  const overview = useQuery(api.fleet.overview.queryOptions())
  const total = hosts.data?.total ?? 0
  const isNarrowed = q !== '' || state !== null
  const show = (next: Record<string, unknown>) =>
    void navigate({ search: toHostSearch({ ...search, from: undefined, ...next }), replace: true })
  return (
    <>
      <PageHead title="Hosts" />
      <Stack>
        {hosts.isError && !hosts.data && (
          <ErrorCard error={hosts.error} onRetry={() => void hosts.refetch()} />
        )}
        {hosts.isPending && (
          <Card title="Hosts">
            <SkeletonRows rows={3} height={56} />
          </Card>
        )}
        {total === 0 && hosts.data && !isNarrowed && (
          <Panel label="No hosts yet">
            <Empty title="No hosts yet">
              A host appears here as soon as its agent has dialled this controller.
            </Empty>
          </Panel>
        )}
        {hosts.data && (total > 0 || isNarrowed) && (
          <Panel label="Hosts">
            <HostFilters search={search} shown={countOf(total, 'host')} onChange={show} />
            {total === 0 ? (
              <Empty
                title="No host fits"
                more={
                  <div style={{ textAlign: 'center' }}>
                    <Button onClick={() => show({ q: undefined, state: undefined })}>Show all hosts</Button>
                  </div>
                }
              >
                Nothing has that name or system, and that state.
              </Empty>
            ) : (
              <div className={styles.listed}>
                <HostRows hosts={hosts.data.rows} />
                {total > pageSize && <Pages offset={offset} total={total} onGo={(from) => show({ from })} />}
              </div>
            )}
          </Panel>
        )}
        {overview.data && (
          <Card title="Let another host join">
            <JoinSteps {...overview.data} />
          </Card>
        )}
      </Stack>
    </>
  )
}

interface HostFiltersProps {
  readonly search: HostSearch
  readonly shown: string
  readonly onChange: (change: { readonly q?: string; readonly state?: string }) => void
}

function HostFilters({ search, shown, onChange }: HostFiltersProps) {
  return (
    <FilterRow label="Hosts" shown={shown}>
      <SearchField
        label="Search hosts"
        placeholder="Search by name or system"
        value={search.q ?? ''}
        onSettled={(words) => onChange({ q: words.trim() })}
      />
      <NativeSelect
        aria-label="State"
        value={search.state ?? ''}
        onChange={({ currentTarget }) => onChange({ state: currentTarget.value })}
        data={[
          { value: '', label: 'Any state' },
          { value: 'connected', label: 'Connected' },
          { value: 'offline', label: 'Offline' },
        ]}
      />
    </FilterRow>
  )
}

interface PagesProps {
  readonly offset: number
  readonly total: number
  readonly onGo: (offset: number) => void
}

function Pages({ offset, total, onGo }: PagesProps) {
  const last = Math.min(offset + pageSize, total)
  return (
    <Group justify="space-between" mt="sm">
      <span>
        {groupThousands(Math.min(offset + 1, total))} to {groupThousands(last)} of {groupThousands(total)}
      </span>
      <Group gap="xs">
        <Button
          variant="default"
          disabled={offset === 0}
          onClick={() => onGo(Math.max(0, offset - pageSize))}
        >
          Previous
        </Button>
        <Button variant="default" disabled={last >= total} onClick={() => onGo(offset + pageSize)}>
          Next
        </Button>
      </Group>
    </Group>
  )
}
