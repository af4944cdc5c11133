import { Button, Group, TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { groupThousands } from '@varve/core/binary/format-bytes'
import { useState } from 'react'
import { Card, Panel, Stack } from '../components/card.tsx'
import { PageHead } from '../components/page-head.tsx'
import { Empty, ErrorCard, SkeletonRows } from '../components/states.tsx'
import { useTRPC } from '../data/trpc.ts'
import { HostRows } from '../features/fleet/host-rows.tsx'
import { JoinSteps } from '../features/fleet/join-steps.tsx'

const pageSize = 50

/** All hosts a page at a time, and how another one joins. */
export function HostsPage() {
  const api = useTRPC()
  const [words, setWords] = useState('')
  const [search] = useDebouncedValue(words.trim(), 150)
  const [offset, setOffset] = useState(0)
  const hosts = useQuery(
    api.fleet.hosts.queryOptions({ search, offset, limit: pageSize }, { placeholderData: keepPreviousData }),
  )
  const overview = useQuery(api.fleet.overview.queryOptions())
  const command = overview.data?.joinCommand ?? null
  const total = hosts.data?.total ?? 0
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
        {total === 0 && hosts.data && search === '' && (
          <Panel label="No hosts yet">
            <Empty title="No hosts yet">
              A host appears here as soon as its agent has dialled this controller.
            </Empty>
          </Panel>
        )}
        {hosts.data && (total > 0 || search !== '') && (
          <Card title={total === 1 ? '1 host' : `${groupThousands(total)} hosts`}>
            {(total > pageSize || words !== '') && (
              <TextInput
                aria-label="Search hosts"
                placeholder="Search by name or system"
                value={words}
                onChange={({ currentTarget }) => {
                  setWords(currentTarget.value)
                  setOffset(0)
                }}
              />
            )}
            <HostRows hosts={hosts.data.rows} />
            {total > pageSize && <Pages offset={offset} total={total} onGo={setOffset} />}
          </Card>
        )}
        {command !== null && (
          <Card title="Let another host join">
            <JoinSteps command={command} />
          </Card>
        )}
      </Stack>
    </>
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
        {groupThousands(offset + 1)} to {groupThousands(last)} of {groupThousands(total)}
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
