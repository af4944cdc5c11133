import { useQuery } from '@tanstack/react-query'
import { useNavigate, useRouterState } from '@tanstack/react-router'
import { useEffect } from 'react'
import { useTRPC } from './trpc.ts'

const askEveryMs = 60_000
const retryEveryMs = 5000

/** Who is signed in, and how people sign in here. */
export function useMe() {
  const api = useTRPC()
  return useQuery(
    api.account.me.queryOptions(undefined, {
      staleTime: 30_000,
      retry: false,
      refetchInterval: ({ state }) => (state.status === 'error' ? retryEveryMs : askEveryMs),
    }),
  )
}

/** Leads to signing in where nobody is; gives whether the page may ask for the fleet. */
export function useGate(): boolean {
  const { data, isError } = useMe()
  const navigate = useNavigate()
  const here = useRouterState({ select: ({ location }) => location })
  const isShut = data?.person === null
  // While the page to sign in at is loaded, this one is still there.
  const isOnItsWay = here.pathname === '/sign-in'
  const next = here.href
  useEffect(() => {
    if (isShut && !isOnItsWay)
      void navigate({ to: '/sign-in', search: next === '/' ? {} : { next }, replace: true })
  }, [isShut, isOnItsWay, navigate, next])
  return data ? !isShut : isError
}
