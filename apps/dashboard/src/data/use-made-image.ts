import { useQuery } from '@tanstack/react-query'
import type { RunView } from '@varve/protocol/runs'
import { madeImage, type MadeImage } from './made-image.ts'
import { useTRPC } from './trpc.ts'

/** The one image that a run has made; null: none, several, or it is not done. */
export function useMadeImage(run: Pick<RunView, 'id' | 'state'> | null): MadeImage | null {
  const api = useTRPC()
  const isDone = run?.state === 'succeeded'
  const { data } = useQuery(api.runs.images.queryOptions({ id: run?.id ?? '' }, { enabled: isDone }))
  return isDone && data ? madeImage(data) : null
}
