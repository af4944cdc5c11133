import { Button, SegmentedControl, useMantineColorScheme } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { countOf } from '@varve/core/units/format-bytes'
import { Card, Stack } from '../components/card.tsx'
import { FactList } from '../components/fact-list.tsx'
import { PageHead } from '../components/page-head.tsx'
import { ErrorCard, SkeletonRows } from '../components/states.tsx'
import { useTRPC } from '../data/trpc.ts'
import { useMe } from '../data/use-me.ts'
import { agentsToVersions } from '../features/fleet/agents-to-versions.ts'
import styles from '../features/fleet/fleet.module.css'
import { TrustCard } from '../features/fleet/trust-card.tsx'
import { JoinSteps } from '../features/fleet/join-steps.tsx'
import { UpdatesCard } from '../features/fleet/updates-card.tsx'

/** As many as the controller lists at a time. */
const mostHosts = 500

/** What can be set and looked up today: appearance, joining, versions. */
export function SettingsPage() {
  const api = useTRPC()
  const info = useQuery(api.fleet.info.queryOptions())
  const overview = useQuery(api.fleet.overview.queryOptions())
  const hosts = useQuery(api.fleet.hosts.queryOptions({ limit: mostHosts }))
  const { colorScheme, setColorScheme } = useMantineColorScheme({ keepTransitions: true })
  const more = (hosts.data?.total ?? 0) - mostHosts
  return (
    <>
      <PageHead title="Settings" />
      <Stack>
        <Card title="Appearance">
          <SegmentedControl
            aria-label="Appearance"
            value={colorScheme}
            onChange={(value) => setColorScheme(value === 'light' || value === 'dark' ? value : 'auto')}
            data={[
              { value: 'auto', label: 'As the system' },
              { value: 'light', label: 'Light' },
              { value: 'dark', label: 'Dark' },
            ]}
          />
          <p className={styles.soft} style={{ marginTop: 8 }}>
            Kept in this browser only.
          </p>
        </Card>
        <Card title="Let a host join">
          {overview.data ? (
            <JoinSteps {...overview.data} />
          ) : overview.isError ? (
            <ErrorCard error={overview.error} onRetry={() => void overview.refetch()} />
          ) : (
            <SkeletonRows rows={3} height={44} />
          )}
        </Card>
        <UpdatesCard />
        <TrustCard />
        <Card title="Versions">
          {info.data ? (
            <FactList
              facts={[
                ['Controller', info.data.version],
                ['Protocol', info.data.protocolVersion],
                ...agentsToVersions(hosts.data?.rows ?? []).map(
                  ({ version, where }) => [`Agent ${version}`, `on ${where}`] as const,
                ),
                [
                  'Other agents',
                  more > 0 ? `on ${countOf(more, 'more host')}: each host's page tells its own` : null,
                ],
              ]}
            />
          ) : (
            <SkeletonRows rows={3} height={30} />
          )}
        </Card>
        <AccessCard />
        <SupportCard />
      </Stack>
    </>
  )
}

/** What helps those who look for a fault; for admins. */
function SupportCard() {
  const me = useMe().data
  if (me?.person?.role !== 'admin') return null
  return (
    <Card title="Support">
      <p className={styles.soft} style={{ marginBottom: 8 }}>
        Versions, settings, hosts, libraries and the newest runs of this controller, without keys, tokens and
        passwords. Names of hosts and images are in it: look at it before you give it away.
      </p>
      <Button component="a" href="/api/support" download>
        Download support bundle
      </Button>
    </Card>
  )
}

/** Where it is looked after who may do what. */
function AccessCard() {
  const me = useMe().data
  return (
    <Card title="Access">
      {me?.isSignInOff === true ? (
        <p className={styles.soft}>
          Nobody signs in here: everybody who reaches this controller can read everything and change
          everything. Start it without --no-sign-in to have people sign in.
        </p>
      ) : (
        <p className={styles.soft}>
          People sign in, and what each may do is their role and rights
          {me?.person?.role === 'admin' && (
            <>
              :{' '}
              <Link className={styles.link} to="/people">
                People
              </Link>
            </>
          )}
          . What you sign in with, and your keys for programs, are in{' '}
          <Link className={styles.link} to="/account">
            your account
          </Link>
          .
        </p>
      )}
    </Card>
  )
}
