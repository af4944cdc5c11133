import { useQuery } from '@tanstack/react-query'
import { useTRPC } from './trpc.ts'

/** Who is signed in, and how people sign in here. */
export function useMe() {
  const api = useTRPC()
  return useQuery(api.account.me.queryOptions(undefined, { staleTime: 30_000 }))
}
