import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useTRPC } from '../../data/trpc.ts'
import { fits, type PaletteRow } from './palette-rows.ts'

/** Of each kind at most so many. */
const mostFound = 8

/** Images, hosts, runs and migrations that the words find; `isSettled` once the controller has answered about these words. */
export function useFoundRows(words: string): { rows: readonly PaletteRow[]; isSettled: boolean } {
  const api = useTRPC()
  const navigate = useNavigate()
  const images = useQuery(api.images.list.queryOptions({ search: words, limit: mostFound }))
  const hosts = useQuery(api.fleet.hosts.queryOptions({ search: words, limit: mostFound }))
  const runs = useQuery(api.runs.list.queryOptions({ limit: 200 }))
  const migrations = useQuery(api.migrations.list.queryOptions({ limit: 200 }))
  const rows: PaletteRow[] = [
    ...(images.data?.rows ?? []).map(({ id, name, host, format }) => ({
      id: `image ${id}`,
      label: name,
      more: `image, ${format} on ${host}`,
      run: () => void navigate({ to: '/images/$id', params: { id } }),
    })),
    ...(hosts.data?.rows ?? []).map(({ name, state, os }) => ({
      id: `host ${name}`,
      label: name,
      more: `host, ${os.name}, ${state}`,
      run: () => void navigate({ to: '/hosts/$name', params: { name } }),
    })),
    ...(runs.data ?? [])
      .map(({ id, number, summary, state, hosts }) => ({
        id: `run ${id}`,
        label: `${number} · ${summary}`,
        more: `run, ${state}, ${hosts.join(', ')}`,
        run: () => void navigate({ to: '/runs/$id', params: { id } }),
      }))
      .filter((row) => fits(row, words))
      .slice(0, mostFound),
    ...(migrations.data ?? [])
      .map(({ id, number, source, target, state }) => ({
        id: `migration ${id}`,
        label: `${number} · ${source.name.split('/').at(-1) ?? ''} to ${target.host}`,
        keywords: `${source.name} ${target.name}`,
        more: `migration, ${state}`,
        run: () => void navigate({ to: '/migrations/$id', params: { id } }),
      }))
      .filter((row) => fits(row, words))
      .slice(0, mostFound),
  ]
  return { rows, isSettled: [images, hosts, runs, migrations].every(({ isPending }) => !isPending) }
}
