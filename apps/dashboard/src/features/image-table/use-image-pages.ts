import { useQueries } from '@tanstack/react-query'
import type { ImageRow } from '@varve/protocol/images'
import { useTRPC } from '../../data/trpc.ts'
import { toImageQuery, type ImageSearch } from './image-search.ts'
import { rowsToPages } from './rows-to-pages.ts'

export const pageSize = 100

interface Visible {
  readonly first: number
  readonly last: number
}

/** The rows in view, a page of 100 at a time; a row that is not here yet is null. */
export function useImagePages(search: ImageSearch, visible: Visible) {
  const api = useTRPC()
  const offsets = rowsToPages(visible, pageSize)
  const pages = useQueries({
    queries: offsets.map((offset) =>
      api.images.list.queryOptions(toImageQuery(search, { offset, limit: pageSize }), { staleTime: 15_000 }),
    ),
  })
  const byOffset = new Map(offsets.map((offset, index) => [offset, pages[index]?.data]))
  return {
    total: pages.find(({ data }) => data !== undefined)?.data?.total ?? null,
    error: pages.find(({ isError, data }) => isError && !data)?.error ?? null,
    rowAt(index: number): ImageRow | null {
      const offset = Math.floor(index / pageSize) * pageSize
      return byOffset.get(offset)?.rows[index - offset] ?? null
    },
    refetch: () => void Promise.all(pages.map(({ refetch }) => refetch())),
  }
}
