import { PersonName, roles, type Role } from '@varve/protocol/people'
import { APIError } from 'better-auth'
import type { GenericOAuthConfig } from 'better-auth/plugins'
import { z } from 'zod'

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
    discoveryUrl: `${single.issuer.replace(/\/$/u, '')}/.well-known/openid-configuration`,
    requireIdTokenVerification: true,
    clientId: single.clientId,
    clientSecret: single.clientSecret,
    scopes: [...single.scopes],
    pkce: true,
    // A role that was taken away there is taken away here at the next sign-in.
    overrideUserInfo: true,
    mapProfileToUser: (profile) => {
      const role = roleOf(profile[single.groupsClaim], single)
      if (role === null)
        throw new APIError('FORBIDDEN', {
          code: 'NO_GROUP',
          message: 'None of your groups is let in here: ask an admin.',
        })
      const name = nameOf(profile)
      return {
        name,
        username: name,
        displayUsername: name,
        email: `${name}@single-sign-on.varve.invalid`,
        role,
      }
    },
  }
}

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
