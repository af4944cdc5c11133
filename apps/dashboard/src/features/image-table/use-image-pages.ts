import { keepPreviousData, useQueries, useQuery } from '@tanstack/react-query'
import type { ImageRow } from '@varve/protocol/images'
import { useTRPC } from '../../data/trpc.ts'
import { toImageQuery, type ImageSearch } from './image-search.ts'
import { rowsToPages } from './rows-to-pages.ts'
import type { RowRange } from './view-of-rows.ts'

const pageSize = 100
const staleTime = 15_000

/**
 * The rows in view, a page of 100 at a time; a row that is not here yet is null. The first page is always held: it
 * tells how many rows there are, and that of a former search stands in until the new one is here.
 */
export function useImagePages(search: ImageSearch, visible: RowRange) {
  const api = useTRPC()
  const optionsAt = (offset: number) =>
    api.images.list.queryOptions(toImageQuery(search, { offset, limit: pageSize }), { staleTime })
  const top = useQuery({ ...optionsAt(0), placeholderData: keepPreviousData })
  const offsets = rowsToPages(visible, pageSize).filter((offset) => offset > 0)
  const others = useQueries({ queries: offsets.map(optionsAt) })
  const byOffset = new Map(
    [top, ...others].flatMap(({ data }) => (data ? [[data.offset, data] as const] : [])),
  )
  return {
    total: top.data?.total ?? null,
    error: [top, ...others].find(({ isError, data }) => isError && !data)?.error ?? null,
    /** False while the rows shown are those of a former search. */
    isCurrent: !top.isPlaceholderData,
    rowAt(index: number): ImageRow | null {
      const offset = Math.floor(index / pageSize) * pageSize
      return byOffset.get(offset)?.rows[index - offset] ?? null
    },
    refetch: () => void Promise.all([top, ...others].map(({ refetch }) => refetch())),
  }
}
