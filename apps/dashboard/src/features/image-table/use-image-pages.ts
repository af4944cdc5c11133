import { keepPreviousData, useQueries } from '@tanstack/react-query'
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
  // The first page is always held: it tells how many rows there are while others are on their way.
  const offsets = [...new Set([0, ...rowsToPages(visible, pageSize)])]
  const pages = useQueries({
    queries: offsets.map((offset) =>
      api.images.list.queryOptions(toImageQuery(search, { offset, limit: pageSize }), {
        staleTime: 15_000,
        placeholderData: keepPreviousData,
      }),
    ),
  })
  // What is kept from a former search stands in until the new rows are here; rows of another place never do.
  const byOffset = new Map(
    pages.flatMap(({ data }, index) =>
      data && data.offset === offsets[index] ? [[data.offset, data] as const] : [],
    ),
  )
  return {
    total: byOffset.get(0)?.total ?? null,
    error: pages.find(({ isError, data }) => isError && !data)?.error ?? null,
    rowAt(index: number): ImageRow | null {
      const offset = Math.floor(index / pageSize) * pageSize
      return byOffset.get(offset)?.rows[index - offset] ?? null
    },
    refetch: () => void Promise.all(pages.map(({ refetch }) => refetch())),
  }
}
