import { useQuery } from '@tanstack/react-query'
import { Card, Panel, Stack } from '../components/card.tsx'
import { PageHead } from '../components/page-head.tsx'
import { Empty, ErrorCard, SkeletonRows } from '../components/states.tsx'
import { useTRPC } from '../data/trpc.ts'
import { HostRows } from '../features/fleet/host-rows.tsx'
import { JoinSteps } from '../features/fleet/join-steps.tsx'

/** All hosts, and how another one joins. */
export function HostsPage() {
  const api = useTRPC()
  const hosts = useQuery(api.fleet.hosts.queryOptions())
  const overview = useQuery(api.fleet.overview.queryOptions())
  const command = overview.data?.joinCommand ?? null
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
        {hosts.data?.length === 0 && (
          <Panel label="No hosts yet">
            <Empty title="No hosts yet">
              A host appears here as soon as its agent has dialled this controller.
            </Empty>
          </Panel>
        )}
        {hosts.data && hosts.data.length > 0 && (
          <Card title={hosts.data.length === 1 ? '1 host' : `${hosts.data.length} hosts`}>
            <HostRows hosts={hosts.data} />
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
