import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useTRPC } from '../../data/trpc.ts'
import type { PaletteRow } from './palette-rows.ts'

/** So many hosts are named; of more, the page of each offers it too. */
const mostHosts = 8

/** Where a file can be uploaded to. */
export function useUploadRows(): readonly PaletteRow[] {
  const api = useTRPC()
  const navigate = useNavigate()
  const hosts = useQuery(api.fleet.hosts.queryOptions({ state: 'connected', limit: mostHosts }))
  return (hosts.data?.rows ?? [])
    .filter(({ libraries }) => libraries.some(({ writable }) => writable))
    .map(({ name }) => ({
      id: `upload ${name}`,
      label: `Upload to ${name}…`,
      more: 'action',
      keywords: 'file image send import browser',
      run: () => void navigate({ to: '/hosts/$name', params: { name }, search: { do: 'upload' } }),
    }))
}
