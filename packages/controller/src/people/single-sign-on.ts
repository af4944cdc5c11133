import { PersonName, roles, type Role } from '@varve/protocol/people'
import { APIError, type BetterAuthOptions } from 'better-auth'
import type { GenericOAuthConfig } from 'better-auth/plugins'
import { z } from 'zod'
import { jsonOf } from './people-store.ts'

/** An OpenID Connect provider that people sign in with. */
export interface SingleSignOn {
  /** What the button says. */
  readonly name: string
  /** Its issuer: `<issuer>/.well-known/openid-configuration` is read. */
  readonly issuer: string
  readonly clientId: string
  readonly clientSecret: string
  /** The claim that lists the groups of a person. */
  readonly groupsClaim: string
  /** Which group has which role; the highest counts, and who is in none is not let in. */
  readonly groups: readonly { readonly group: string; readonly role: Role }[]
  readonly scopes: readonly string[]
}

export const singleSignOnId = 'single-sign-on'

const Groups = z.union([z.array(z.string()), z.string().transform((one) => [one])])

export function singleSignOnProvider(single: SingleSignOn): GenericOAuthConfig {
  return {
    providerId: singleSignOnId,
    name: single.name,
    discoveryUrl: discoveryUrl(single),
    // Called once the ID token is verified by the provider's keys.
    requireIdTokenVerification: true,
    async getUserInfo({ idToken, accessToken }) {
      const claims = await claimsOf(single, idToken, accessToken)
      return claims && { ...claims, emailVerified: false }
    },
    clientId: single.clientId,
    clientSecret: single.clientSecret,
    scopes: [...single.scopes],
    pkce: true,
    overrideUserInfo: true,
    mapProfileToUser: (profile) => {
      const name = nameOf(profile)
      return { name, email: `${name}@single-sign-on.varve.invalid` }
    },
  }
}

function discoveryUrl({ issuer }: SingleSignOn): string {
  return `${issuer.replace(/\/$/u, '')}/.well-known/openid-configuration`
}

/** With its subject, and whatever else the provider tells. */
type ClaimsOfSomebody = { readonly sub: string } & Readonly<Record<string, unknown>>

const answerMs = 10_000
const Discovery = z.object({ userinfo_endpoint: z.url().optional() })
const Claims = z.looseObject({ sub: z.string().min(1) })

/** What the ID token says of somebody, and, where the groups do not stand in it, what the provider says when it is asked. */
async function claimsOf(
  single: SingleSignOn,
  idToken = '',
  accessToken = '',
): Promise<ClaimsOfSomebody | null> {
  const said = Claims.safeParse(payloadOf(idToken))
  if (!said.success) return null
  if (said.data[single.groupsClaim] !== undefined || accessToken === '') return said.data
  const { userinfo_endpoint: endpoint } = Discovery.parse(await json(discoveryUrl(single)))
  if (endpoint === undefined) return said.data
  const asked = Claims.parse(await json(endpoint, { authorization: `Bearer ${accessToken}` }))
  // OpenID Connect Core 1.0, 5.3.2: another subject's claims are not used.
  return asked.sub === said.data.sub ? { ...said.data, ...asked } : null
}

async function json(url: string, headers: Readonly<Record<string, string>> = {}): Promise<unknown> {
  const response = await fetch(url, { headers, redirect: 'error', signal: AbortSignal.timeout(answerMs) })
  if (!response.ok) throw new Error(`${new URL(url).host} answered with ${response.status}`)
  return await response.json()
}

function payloadOf(token: string): unknown {
  const [, payload = ''] = token.split('.')
  return jsonOf(Buffer.from(payload, 'base64url').toString('utf8'))
}

/**
 * The part of better-auth's settings that gives people the roles of their groups, at each sign-in anew. `isTaken`: whether
 * there is somebody of that name, who is never made one with somebody of the provider.
 */
export function rolesByGroups(single: SingleSignOn | null, isTaken: (name: string) => boolean) {
  /** Of sign-ins that are going, by the address that better-auth knows somebody by. */
  const given = new Map<string, Role>()

  function withRole<T extends KnownUser>(user: T) {
    const email = typeof user['email'] === 'string' ? user['email'] : ''
    const role = given.get(email)
    given.delete(email)
    return role === undefined ? undefined : { ...user, role }
  }

  return {
    validateUserInfo({ user, source }: Parameters<ValidateUserInfo>[0]) {
      if (single === null || source.oauth?.providerId !== singleSignOnId) return undefined
      const role = roleOf(source.oauth.profile?.[single.groupsClaim], single)
      if (role === null) return { error: 'no_group', errorDescription: 'None of your groups is let in here.' }
      if (source.action === 'create-user' && isTaken(user.name ?? ''))
        return {
          error: 'name_taken',
          errorDescription: `There is a ${user.name ?? ''} here who signs in without it.`,
        }
      given.set(user.email?.toLowerCase() ?? '', role)
      return undefined
    },
    hooks: {
      create: {
        async before(user: KnownUser) {
          const data = withRole(user)
          return data && { data: { ...data, username: user['name'] } }
        },
      },
      update: {
        async before(user: KnownUser) {
          const data = withRole(user)
          return data && { data }
        },
      },
    },
  }
}

type KnownUser = Readonly<Record<string, unknown>>
type ValidateUserInfo = NonNullable<NonNullable<BetterAuthOptions['user']>['validateUserInfo']>

/** The highest role of the groups that somebody is in. */
export function roleOf(claim: unknown, { groups }: Pick<SingleSignOn, 'groups'>): Role | null {
  const parsed = Groups.safeParse(claim)
  const held = new Set(parsed.data ?? [])
  const found = groups.filter(({ group }) => held.has(group)).map(({ role }) => roles.indexOf(role))
  return roles[Math.max(-1, ...found)] ?? null
}

/** The name that the provider gives, as one that a person here can have. */
function nameOf(profile: Readonly<Record<string, unknown>>): string {
  const said = [profile['preferred_username'], profile['email'], profile['sub']].find(
    (one) => typeof one === 'string' && one !== '',
  )
  const [local = ''] = String(said).toLowerCase().split('@', 1)
  const plain = local
    .replaceAll(/[^a-z0-9._-]/gu, '-')
    .slice(0, 32)
    .replaceAll(/^[^a-z0-9]+|[^a-z0-9]+$/gu, '')
  const parsed = PersonName.safeParse(plain)
  if (parsed.success) return parsed.data
  throw new APIError('FORBIDDEN', { code: 'NO_NAME', message: 'The single sign-on gives no name.' })
}
