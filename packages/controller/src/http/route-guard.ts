import type { Identity } from '@varve/protocol/identity'
import { denialOf, type Whereabouts } from '../people/authorization.ts'
import type { Refusal } from './guard.ts'

/**
 * Whom a route is for: everybody; calls of the API, which say it themselves; agents; or people, by a row of the matrix. What is
 * looked at is the route that was matched, not the text of an address, which can be written in many ways.
 */
const routes: Readonly<Record<string, 'everybody' | 'calls' | 'agents' | `files.${string}`>> = {
  '/api/health': 'everybody',
  '/api/trust/roots': 'everybody',
  '/api/trust/join': 'everybody',
  '/api/auth/*': 'everybody',
  '/install/linux.sh': 'everybody',
  '/install/windows.ps1': 'everybody',
  '/install/macos.sh': 'everybody',
  '/install/files/:name': 'everybody',
  '/trpc/:path': 'calls',
  '/api/images/:id/file': 'files.download',
  '/api/uploads/:token': 'files.upload',
  '/api/manifests/:digest': 'files.manifest',
  '/api/support': 'files.support',
  '/api/streams/:token/offer': 'agents',
  '/api/streams/:token/bring': 'agents',
  '/api/streams/:token/fetch': 'agents',
  // The dashboard's files, which hold nothing of the fleet.
  '/*': 'everybody',
}

export interface MatchedRoute {
  /** As it was declared; null: there is none, and the answer is the start page or nothing. */
  readonly route: string | null
  readonly params: unknown
}

/** Throws for a route that no row is of: a server with one does not start. */
export function assertGuarded(route: string): void {
  if (!Object.hasOwn(routes, route)) throw new Error(`nobody has said whom the route ${route} is for`)
}

/** Why who asks is not answered by the route, or null. */
export function refuseByRoute(
  { route, params }: MatchedRoute,
  identity: Identity,
  at: Whereabouts,
): Refusal | null {
  if (route === null) return null
  const isFor = Object.hasOwn(routes, route) ? routes[route] : undefined
  if (isFor === undefined) return { status: 403, reason: 'Nobody may ask for this.' }
  if (identity.kind === 'agent')
    return isFor === 'agents' || isFor === 'calls' || (isFor === 'everybody' && route !== '/*')
      ? null
      : { status: 403, reason: 'This is for people, not for agents.' }
  if (isFor === 'everybody' || isFor === 'calls') return null
  if (isFor === 'agents')
    return identity.kind === 'local' ? null : { status: 403, reason: 'This is for agents, not for people.' }
  const denial = denialOf({ identity, path: isFor, input: params }, at)
  return denial && { status: denial.isSignedIn ? 403 : 401, reason: denial.reason }
}
