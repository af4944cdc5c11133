import { useRouterState } from '@tanstack/react-router'
import { useEffect, useEffectEvent } from 'react'

/** Hands over the token of a sign-in link once, and takes it out of the address bar: it is in no history and no server log. */
export function useLinkToken(onToken: (token: string) => void): void {
  const hash = useRouterState({ select: ({ location }) => location.hash })
  const hand = useEffectEvent(onToken)
  useEffect(() => {
    const token = location.hash.slice(1)
    if (token === '') return
    history.replaceState(history.state, '', location.pathname + location.search)
    hand(token)
  }, [hash])
}
