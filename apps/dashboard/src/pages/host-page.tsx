import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { formatBytes } from '@varve/core/units/format-bytes'
import type { HostView, LibraryView } from '@varve/protocol/hosts'
import { lazy, Suspense } from 'react'
import { Card, Columns, Stack } from '../components/card.tsx'
import { FactList } from '../components/fact-list.tsx'
import { ForTime, Pill, TimeAgo } from '../components/marks.tsx'
import { PageHead } from '../components/page-head.tsx'
import { ErrorCard, Skeleton } from '../components/states.tsx'
import { useTRPC } from '../data/trpc.ts'
import { useHostActions } from '../data/use-host-actions.ts'
import { barredBy, useMayNot } from '../data/use-may.ts'
import styles from '../features/fleet/fleet.module.css'
import { ForgetHost } from '../features/fleet/forget-host.tsx'
import { placesOf, whyNot } from '../features/operate/face.ts'
import { placeFaces } from '../features/operate/face-table.ts'
import { PlacesCard } from '../features/fleet/places-card.tsx'
import { AttachedCard } from '../features/fleet/attached-card.tsx'
import { QuarantineCard } from '../features/fleet/quarantine-card.tsx'
import { SpaceBar } from '../features/fleet/host-rows.tsx'
import { hostSubject } from '../features/operate/image-subject.ts'
import { ToolRows } from '../features/fleet/tool-rows.tsx'
import { LibrarySchedule } from '../features/schedules/library-schedule.tsx'

const OperateHere = lazy(() =>
  import('../features/operate/operate-here.tsx').then((module) => ({ default: module.OperateHere })),
)

const UploadDialog = lazy(() =>
  import('../features/files/upload-dialog.tsx').then((module) => ({ default: module.UploadDialog })),
)

const route = getRouteApi('/hosts/$name')

/** One host: libraries, what runs, tools, system. */
export function HostPage() {
  const { name } = route.useParams()
  const { do: operation, quarantine, target } = route.useSearch()
  const navigate = route.useNavigate()
  const api = useTRPC()
  const query = useQuery(api.fleet.host.queryOptions({ name }))
  const crumbs = <Link to="/hosts">Hosts</Link>
  if (query.isError && !query.data) {
    return (
      <Stack>
        <PageHead title={name} crumbs={crumbs} />
        <ErrorCard error={query.error} onRetry={() => void query.refetch()} />
      </Stack>
    )
  }
  if (!query.data) {
    return (
      <>
        <PageHead title={name} crumbs={crumbs} facts={['\u00A0']} />
        <Columns
          main={
            <>
              <Skeleton height={150} />
              <Skeleton height={300} />
            </>
          }
          side={<Skeleton height={260} />}
        />
      </>
    )
  }
  const host = query.data
  return (
    <>
      <PageHead
        title={host.name}
        crumbs={crumbs}
        pill={<Pill tone={host.state === 'connected' ? 'good' : 'bad'}>{host.state}</Pill>}
        facts={[
          host.os.name,
          <>
            {host.state} <ForTime since={host.since} />
          </>,
          scanWords(host),
        ]}
        actions={<HostActions host={host} />}
      />
      <Columns
        main={
          <>
            <RunningCard host={host} />
            <Card title="Libraries">
              {host.libraries.length === 0 ? (
                <p className={styles.soft}>None: start the agent with a folder to look after.</p>
              ) : (
                <ul className={styles.rows}>
                  {host.libraries.map((library) => (
                    <LibraryRow key={library.name} host={host.name} library={library} />
                  ))}
                </ul>
              )}
            </Card>
            <AttachedCard
              host={host}
              onDo={(what, one) => void navigate({ search: { do: what, target: one } })}
            />
            <QuarantineCard
              host={host}
              onDo={(what, quarantine) => void navigate({ search: { do: what, quarantine } })}
            />
            <PlacesCard host={host} />
            <Card title="Tools">
              <ToolRows tools={host.tools} />
            </Card>
          </>
        }
        side={<SystemCard host={host} />}
      />
      {operation === 'upload' && (
        <Suspense fallback={null}>
          <UploadDialog
            host={host}
            onClose={() => void navigate({ search: {}, replace: true })}
            onStarted={(id) => void navigate({ to: '/runs/$id', params: { id } })}
          />
        </Suspense>
      )}
      {operation !== undefined && operation !== 'upload' && (
        <Suspense fallback={null}>
          <OperateHere
            key={operation}
            operation={operation}
            subject={{
              ...hostSubject(host),
              ...(quarantine === undefined ? {} : { quarantine }),
              ...(target === undefined ? {} : { target }),
            }}
            onClose={() => void navigate({ search: {}, replace: true })}
          />
        </Suspense>
      )}
    </>
  )
}

function scanWords({ scan }: HostView) {
  if (scan.state === 'scanning') return 'looking through its libraries'
  if (scan.finishedAt === null) return 'not scanned yet'
  return (
    <>
      scanned <TimeAgo at={scan.finishedAt} />
      {scan.state === 'watching' && ', watching for changes'}
    </>
  )
}

function HostActions({ host }: { readonly host: HostView }) {
  const { rescan } = useHostActions()
  const navigate = route.useNavigate()
  const mayNot = useMayNot()
  const subject = hostSubject(host)
  const faces = placeFaces.map((face) => ({
    face,
    reason: whyNot(face, subject) ?? mayNot({ operation: face.operation }, placesOf(subject)),
  }))
  return (
    <>
      <Button renderRoot={(props) => <Link to="/images" search={{ host: host.name }} {...props} />}>
        Show images
      </Button>
      <Button
        loading={rescan.isPending}
        {...barredBy(
          host.state === 'connected'
            ? mayNot({ operation: 'scan' }, [{ host: host.name }])
            : `${host.name} is offline`,
        )}
        onClick={() => rescan.mutate({ name: host.name })}
      >
        Scan again
      </Button>
      <ForgetHost host={host} />
      <Button
        {...barredBy(
          host.state === 'connected'
            ? mayNot({ operation: 'upload' }, placesOf(subject))
            : `${host.name} is offline`,
        )}
        onClick={() => void navigate({ search: { do: 'upload' } })}
      >
        Upload…
      </Button>
      {faces.map(({ face, reason }) => (
        <Button
          key={face.operation}
          variant={face.effect === 'makes' ? 'filled' : 'default'}
          {...barredBy(reason)}
          onClick={() => void navigate({ search: { do: face.operation } })}
        >
          {face.verb}…
        </Button>
      ))}
    </>
  )
}

function RunningCard({ host }: { readonly host: HostView }) {
  if (host.running.length === 0) return null
  return (
    <Card title="Runs now">
      <ul className={styles.rows}>
        {host.running.map(({ jobId, kind, title, migrationId }) => (
          <li key={jobId}>
            <div className={`${styles.row} ${styles.recent}`} style={{ minHeight: 36 }}>
              <span>{title}</span>
              <span className={styles.soft}>{kind}</span>
              <span className={styles.right}>
                {migrationId !== null && (
                  <Link to="/migrations/$id" params={{ id: migrationId }} className={styles.more}>
                    its migration
                  </Link>
                )}
              </span>
            </div>
          </li>
        ))}
      </ul>
    </Card>
  )
}

function LibraryRow({ host, library }: { readonly host: string; readonly library: LibraryView }) {
  const { name, path, writable, volumes, place, images } = library
  return (
    <li>
      <div className={`${styles.row} ${styles.host}`}>
        <div className={styles.title}>
          {name}
          {volumes && !volumes.fault ? <Pill>volumes</Pill> : !writable && <Pill>read-only</Pill>}
        </div>
        <div className={styles.soft}>
          {volumes ? (
            volumesToWords(volumes)
          ) : (
            <>
              {place.filesystem ?? 'filesystem not known'}
              {place.copyOnWrite === true && ', copy-on-write'}
              <br />
              {place.media ?? 'media not known'}
            </>
          )}
        </div>
        {place.free !== null && place.total !== null ? (
          <SpaceBar free={place.free} total={place.total} />
        ) : (
          <span className={styles.soft}>space not known</span>
        )}
        <Link to="/images" search={{ host, library: name }} className={`${styles.more} ${styles.right}`}>
          {images} {images === 1 ? 'image' : 'images'}
        </Link>
        <code className={`${styles.soft} ${styles.path}`}>{path}</code>
        <LibrarySchedule host={host} library={name} />
      </div>
    </li>
  )
}

function volumesToWords({ kind, group, parent, pools, fault }: NonNullable<LibraryView['volumes']>): string {
  if (fault) return fault.reason
  const place = kind === 'lvm' ? `LVM, volume group ${group}` : `ZFS, ${group}/${parent}`.replace(/\/$/u, '')
  const thin = pools.map(({ name, free }) => `thin pool ${name}: ${formatBytes(free)} free`)
  return [place, ...thin].join('; ')
}

function SystemCard({ host }: { readonly host: HostView }) {
  const { os, cpus, memory, agentVersion, nodeVersion, capabilities } = host
  const can = [
    ['sparse files', capabilities.sparseFiles],
    ['reflinks', capabilities.reflink],
    ['NBD exports', capabilities.nbdExport],
    ['watching for changes', capabilities.watch],
  ] as const
  const facts = [
    ['System', os.name],
    ['Kernel', os.kernel],
    ['Processor', `${cpus} × ${os.arch}`],
    ['Memory', formatBytes(memory)],
    ['Agent', agentVersion],
    ['Node', nodeVersion],
    ['Reads', capabilities.readFormats.join(', ')],
    ['Writes', capabilities.writeFormats.join(', ')],
    ['Can do', can.flatMap(([words, is]) => (is ? [words] : [])).join(', ') || 'nothing special'],
    ['Cannot do', can.flatMap(([words, is]) => (is ? [] : [words])).join(', ') || 'nothing missing'],
  ] as const
  return (
    <Card title="System">
      <FactList facts={facts} />
    </Card>
  )
}
