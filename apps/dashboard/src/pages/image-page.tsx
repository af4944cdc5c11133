import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import type { ImageView } from '@varve/protocol/images'
import { lazy, Suspense } from 'react'
import { Columns, Stack } from '../components/card.tsx'
import { Pill, TimeAgo } from '../components/marks.tsx'
import { Notice } from '../components/notice.tsx'
import { PageHead } from '../components/page-head.tsx'
import { ErrorCard, Skeleton } from '../components/states.tsx'
import { errorToWords } from '../data/error-to-words.ts'
import { useTRPC } from '../data/trpc.ts'
import { useImageActions } from '../data/use-image-actions.ts'
import { barredBy, useMayNot } from '../data/use-may.ts'
import { ImageActions } from '../features/operate/image-actions.tsx'
import { imageSubject } from '../features/operate/image-subject.ts'
import { ImageSide } from '../features/layer-stack/image-side.tsx'
import { LayerStack } from '../features/layer-stack/layer-stack.tsx'

const MigrateDialog = lazy(() =>
  import('../features/migrate-dialog/migrate-dialog.tsx').then((module) => ({
    default: module.MigrateDialog,
  })),
)

const OperateHere = lazy(() =>
  import('../features/operate/operate-here.tsx').then((module) => ({ default: module.OperateHere })),
)

const DownloadDialog = lazy(() =>
  import('../features/files/download-dialog.tsx').then((module) => ({ default: module.DownloadDialog })),
)

const route = getRouteApi('/images/$id')

/** One image as its layer stack, with size, findings and chain beside it. */
export function ImagePage() {
  const { id } = route.useParams()
  const { migrate, do: operation } = route.useSearch()
  const navigate = route.useNavigate()
  const api = useTRPC()
  const image = useQuery(api.images.get.queryOptions({ id }))
  const hostName = image.data?.row.host
  const host = useQuery(
    api.fleet.host.queryOptions({ name: hostName ?? '' }, { enabled: hostName !== undefined }),
  )

  // What was removed meanwhile must not look as if it were there.
  if (image.isError && (!image.data || errorToWords(image.error).isMissing)) {
    return (
      <Stack>
        <PageHead title="Image" crumbs={<Link to="/images">Images</Link>} />
        <ErrorCard error={image.error} onRetry={() => void image.refetch()} />
      </Stack>
    )
  }
  if (!image.data) return <ImageSkeleton />
  const { row, report, proofs } = image.data
  const subject = imageSubject(image.data, host.data ?? null)
  const close = () => void navigate({ search: {}, replace: true })
  return (
    <>
      <ImageHead image={image.data} />
      {row.hostState === 'offline' && (
        <Notice>
          The agent on {row.host} does not answer: this is what was known of the image when it went.
        </Notice>
      )}
      <Columns
        main={
          <>
            <LayerStack report={report} proof={proofs[0] ?? null} />
            <ImageActions
              subject={subject}
              onAct={(face) => void navigate({ search: { do: face.operation } })}
            />
          </>
        }
        side={<ImageSide image={image.data} />}
      />
      {migrate === true && (
        <Suspense fallback={null}>
          <MigrateDialog
            row={row}
            onClose={close}
            onStarted={(migrationId) => void navigate({ to: '/migrations/$id', params: { id: migrationId } })}
          />
        </Suspense>
      )}
      {operation === 'download' && (
        <Suspense fallback={null}>
          <DownloadDialog
            image={image.data}
            onConvert={() => void navigate({ search: { do: 'convert' }, replace: true })}
            onClose={close}
          />
        </Suspense>
      )}
      {operation !== undefined && operation !== 'download' && (
        <Suspense fallback={null}>
          <OperateHere key={operation} operation={operation} subject={subject} onClose={close} />
        </Suspense>
      )}
    </>
  )
}

function ImageHead({ image: { row, report, proofs } }: { readonly image: ImageView }) {
  const navigate = route.useNavigate()
  const { digest, inspect } = useImageActions(row.id)
  const mayNot = useMayNot()
  const isAway = row.hostState === 'offline'
  const reasonOf = (operation: string) =>
    isAway ? `${row.host} is offline` : mayNot({ operation }, [{ host: row.host, library: row.library }])
  const folder = row.name.split('/').slice(0, -1).join(' / ')
  const name = row.name.split('/').at(-1) ?? row.name
  return (
    <PageHead
      title={name}
      crumbs={
        <>
          <Link to="/images">Images</Link>
          <Link to="/images" search={{ host: row.host }}>
            {row.host}
          </Link>
          <Link to="/images" search={{ host: row.host, library: row.library }}>
            {row.library}
          </Link>
          {folder !== '' && <span>{folder}</span>}
        </>
      }
      pill={
        <Pill>
          {report.format}
          {report.subformat !== null && ` · ${report.subformat}`}
        </Pill>
      }
      facts={[
        row.contents === '' ? 'contents not known' : row.contents,
        <>
          changed <TimeAgo at={row.modifiedAt} />
        </>,
        digest.isPending ? (
          'proof is being taken: every byte is read'
        ) : proofs[0] ? (
          <>
            last proven <TimeAgo at={proofs[0].takenAt} />
          </>
        ) : (
          'not proven yet'
        ),
      ]}
      actions={
        <>
          <Button
            loading={inspect.isPending}
            {...barredBy(reasonOf('info'))}
            onClick={() => inspect.mutate({ id: row.id })}
          >
            Inspect again
          </Button>
          <Button
            loading={digest.isPending}
            {...barredBy(reasonOf('digest'))}
            onClick={() => digest.mutate({ id: row.id })}
          >
            Take proof
          </Button>
          <Button
            {...barredBy(reasonOf('download'))}
            onClick={() => void navigate({ search: { do: 'download' } })}
          >
            Download…
          </Button>
          <Button
            variant="filled"
            {...barredBy(
              row.virtualSize === null && !isAway ? 'This image cannot be read' : reasonOf('migrate'),
            )}
            onClick={() => void navigate({ search: { migrate: true } })}
          >
            Migrate…
          </Button>
        </>
      }
    />
  )
}

function ImageSkeleton() {
  return (
    <div role="status" aria-label="Loading">
      <div style={{ height: 89, paddingTop: 4 }}>
        <Skeleton height={14} width={160} />
        <div style={{ height: 8 }} />
        <Skeleton height={26} width={260} />
        <div style={{ height: 8 }} />
        <Skeleton height={16} width={380} />
      </div>
      <Columns
        main={<Skeleton height={586} />}
        side={
          <>
            <Skeleton height={176} />
            <Skeleton height={206} />
            <Skeleton height={112} />
          </>
        }
      />
    </div>
  )
}
