import { useQuery } from '@tanstack/react-query'
import { useNavigate, useRouterState } from '@tanstack/react-router'
import { useHostActions } from '../../data/use-host-actions.ts'
import { useImageActions } from '../../data/use-image-actions.ts'
import { useMadeImage } from '../../data/use-made-image.ts'
import { useRunActions } from '../../data/use-run-actions.ts'
import { useTRPC } from '../../data/trpc.ts'
import { useMayNot } from '../../data/use-may.ts'
import { placesOf, whyNot } from '../operate/face.ts'
import { imageFaces, placeFaces } from '../operate/face-table.ts'
import { hostSubject, imageSubject } from '../operate/image-subject.ts'
import type { PaletteRow } from './palette-rows.ts'

/** What can be done with the object that the open page shows; what is over, away or cannot be read offers nothing that would fail. */
export function useHereRows(): readonly PaletteRow[] {
  const path = useRouterState({ select: ({ location }) => location.pathname })
  const [, page, rawId = ''] = path.split('/')
  const id = decodeURIComponent(rawId)
  return [
    ...useImageRows(page === 'images' ? id : ''),
    ...useRunRows(page === 'runs' ? id : ''),
    ...useMigrationRows(page === 'migrations' ? id : ''),
    ...useHostRows(page === 'hosts' ? id : ''),
  ]
}

function useImageRows(id: string): readonly PaletteRow[] {
  const api = useTRPC()
  const navigate = useNavigate()
  const { digest, inspect } = useImageActions(id)
  const mayNot = useMayNot()
  const image = useQuery(api.images.get.queryOptions({ id }, { enabled: id !== '' }))
  if (id === '' || !image.data) return []
  const { row } = image.data
  // Its host can be asked nothing.
  if (row.hostState === 'offline') return []
  const more = `action on ${row.name}`
  const inspecting: PaletteRow = {
    id: 'here inspect',
    label: 'Inspect this image again',
    more,
    run: () => inspect.mutate({ id }),
  }
  const subject = imageSubject(image.data, null)
  const operations = imageFaces
    .filter(
      (face) =>
        whyNot(face, subject) === null && mayNot({ operation: face.operation }, placesOf(subject)) === null,
    )
    .map(({ operation, verb, verbOf = verb, keywords }) => ({
      id: `here ${operation}`,
      label: `${verbOf} this image…`,
      more,
      keywords,
      run: () => void navigate({ to: '/images/$id', params: { id }, search: { do: operation } }),
    }))
  const downloading: PaletteRow = {
    id: 'here download',
    label: 'Download this image…',
    more,
    keywords: 'file save browser',
    run: () => void navigate({ to: '/images/$id', params: { id }, search: { do: 'download' } }),
  }
  if (row.virtualSize === null) return [inspecting, downloading, ...operations]
  return [
    {
      id: 'here migrate',
      label: 'Migrate this image…',
      more,
      keywords: 'move copy convert',
      run: () => void navigate({ to: '/images/$id', params: { id }, search: { migrate: true } }),
    },
    {
      id: 'here proof',
      label: 'Take proof of this image',
      more,
      keywords: 'digest verify',
      run: () => digest.mutate({ id }),
    },
    inspecting,
    downloading,
    ...operations,
  ]
}

function useRunRows(id: string): readonly PaletteRow[] {
  const api = useTRPC()
  const navigate = useNavigate()
  const { resume } = useRunActions()
  const query = useQuery(api.runs.get.queryOptions({ id }, { enabled: id !== '' }))
  const run = query.data
  const made = useMadeImage(run ?? null)
  if (id === '' || !run) return []
  const more = `action on run ${run.number}`
  const ask = (wish: 'cancel' | 'undo') => () =>
    void navigate({ to: '/runs/$id', params: { id }, search: { wish } })
  const rows = [
    {
      is: run.can.cancel,
      id: 'here cancel',
      label: 'Cancel this run…',
      keywords: 'stop abort',
      run: ask('cancel'),
    },
    { is: run.can.undo, id: 'here undo', label: 'Undo this run…', keywords: 'back revert', run: ask('undo') },
    {
      is: run.can.resume,
      id: 'here resume',
      label: 'Resume this run',
      keywords: 'again retry go on',
      run: () => resume.mutate({ id }),
    },
    {
      is: made !== null,
      id: 'here made',
      label: `Show ${made?.name ?? ''}`,
      keywords: 'image that it made',
      run: () => void navigate({ to: '/images/$id', params: { id: made?.id ?? '' } }),
    },
    {
      is: made !== null,
      id: 'here download',
      label: `Download ${made?.name ?? ''}…`,
      keywords: 'image that it made file save',
      run: () =>
        void navigate({ to: '/images/$id', params: { id: made?.id ?? '' }, search: { do: 'download' } }),
    },
  ]
  return rows.flatMap(({ is, ...row }) => (is ? [{ ...row, more }] : []))
}

function useMigrationRows(id: string): readonly PaletteRow[] {
  const api = useTRPC()
  const navigate = useNavigate()
  const migration = useQuery(api.migrations.get.queryOptions({ id }, { enabled: id !== '' }))
  const state = migration.data?.state
  if (state !== 'running' && state !== 'waiting') return []
  return [
    {
      id: 'here cancel',
      label: 'Cancel this migration…',
      more: `action on migration ${migration.data?.number ?? ''}`,
      keywords: 'stop abort',
      run: () => void navigate({ to: '/migrations/$id', params: { id }, search: { cancel: true } }),
    },
  ]
}

function useHostRows(name: string): readonly PaletteRow[] {
  const api = useTRPC()
  const navigate = useNavigate()
  const { rescan } = useHostActions()
  const mayNot = useMayNot()
  const host = useQuery(api.fleet.host.queryOptions({ name }, { enabled: name !== '' }))
  if (name === '' || !host.data) return []
  const subject = hostSubject(host.data)
  const more = `action on ${name}`
  const images: PaletteRow = {
    id: 'here images',
    label: 'Show the images of this host',
    more,
    run: () => void navigate({ to: '/images', search: { host: name } }),
  }
  if (host.data.state !== 'connected') return [images]
  return [
    images,
    {
      id: 'here upload',
      label: 'Upload to this host…',
      more,
      keywords: 'file image send import browser',
      run: () => void navigate({ to: '/hosts/$name', params: { name }, search: { do: 'upload' } }),
    },
    { id: 'here scan', label: 'Scan this host again', more, run: () => rescan.mutate({ name }) },
    ...placeFaces
      .filter(
        (face) =>
          whyNot(face, subject) === null && mayNot({ operation: face.operation }, placesOf(subject)) === null,
      )
      .map(({ operation, verb, keywords }) => ({
        id: `here ${operation}`,
        label: `${verb} here…`,
        more,
        keywords,
        run: () => void navigate({ to: '/hosts/$name', params: { name }, search: { do: operation } }),
      })),
  ]
}
