import { apiKey } from '@better-auth/api-key'
import { passkey } from '@better-auth/passkey'
import type { Identity, PersonIdentity } from '@varve/protocol/identity'
import type { Grant } from '@varve/protocol/people'
import { APIError, betterAuth, type BetterAuthPlugin } from 'better-auth'
import { drizzleAdapter } from 'better-auth/adapters/drizzle'
import { createAuthEndpoint, createAuthMiddleware } from 'better-auth/api'
import { setSessionCookie } from 'better-auth/cookies'
import { bearer, deviceAuthorization, genericOAuth, twoFactor, username } from 'better-auth/plugins'
import type { Logger } from 'pino'
import { z } from 'zod'
import * as schema from './people-schema.ts'
import { grantOf, jsonOf, peopleStore, type PeopleDb } from './people-store.ts'
import { createUsedCodes, type UsedCodes } from './used-codes.ts'
import { rolesByGroups, singleSignOnProvider, type SingleSignOn } from './single-sign-on.ts'

/** What starts a key, so that one that was left in a file is recognized by scanners. */
export const keyPrefix = 'varve_'
const commandClient = 'varve'
const weekSeconds = 7 * 86_400
/** better-auth wants an address of everybody; nothing is ever sent there. */
const noMail = '@people.varve.invalid'
/** A controller has a handful of addresses. */
const mostOrigins = 32
/** Where the address of the caller stands; set by this server, never by who asks. */
export const peerHeader = 'x-varve-peer'

export interface SignInOptions {
  readonly db: PeopleDb
  /** Signs cookies. */
  readonly secret: string
  readonly singleSignOn: SingleSignOn | null
  readonly logger: Logger
}

/** Signing in, at each origin that the controller is reached by. */
export interface SignIn {
  /** better-auth for `origin`, such as `https://varve.example.org:7070`. */
  at(origin: string): Auth
  /** For what is done to people by others than themselves; whoever comes from elsewhere plays no part in it. */
  readonly inner: Auth
  /** Who shows this; null: it shows nothing of a person. `why` is said to who shows something that is not believed. */
  identify(headers: Headers, origin: string): Promise<Identity | null>
}

export type Auth = ReturnType<typeof authAt>

export function createSignIn(options: SignInOptions): SignIn {
  const known = new Map<string, Auth>()
  const usedCodes = createUsedCodes()
  let inner: Auth | null = null

  function at(origin: string): Auth {
    const there = known.get(origin)
    if (there) return there
    if (known.size >= mostOrigins) known.clear()
    const made = authAt(origin, { ...options, usedCodes })
    known.set(origin, made)
    return made
  }

  return {
    at,
    get inner() {
      return (inner ??= authAt('http://localhost', { ...options, usedCodes, singleSignOn: null }))
    },
    async identify(headers, origin) {
      const auth = at(origin)
      const shown = /^bearer (?<token>.+)$/iu.exec(headers.get('authorization') ?? '')?.groups?.['token']
      if (shown?.startsWith(keyPrefix) === true) return await ofKey(auth, shown, options.db)
      const isAnythingShown = shown !== undefined || headers.has('cookie')
      if (!isAnythingShown) return null
      const found = await auth.api.getSession({ headers, query: { disableRefresh: true } })
      if (!found) return shown === undefined ? null : nobody('it is not known here, or its time is over')
      const { user, session } = found
      return ofPerson(options.db, user.id, {
        kind: 'session',
        id: session.id,
        until: session.expiresAt.getTime(),
      })
    },
  }
}

async function ofKey(auth: Auth, key: string, db: PeopleDb): Promise<Identity> {
  const { valid, key: found } = await auth.api.verifyApiKey({ body: { key } })
  if (!valid || !found) return nobody('the key is not known here, or its time is over')
  const person = ofPerson(db, found.referenceId, {
    kind: 'key',
    id: found.id,
    ...(found.expiresAt && { until: new Date(found.expiresAt).getTime() }),
  })
  // A key never lets more be done than its person may.
  return person.kind === 'person'
    ? { ...person, grants: [...person.grants, keyGrant(found.metadata)] }
    : person
}

/** What a key was made for; one that says nothing lets nobody do more than look. */
export function keyGrant(metadata: unknown): Grant {
  const said = z
    .object({ role: z.string(), rights: z.string().nullable() })
    .safeParse(typeof metadata === 'string' ? jsonOf(metadata) : metadata)
  return said.success ? grantOf(said.data.role, said.data.rights) : { role: 'viewer', rights: null }
}

function ofPerson(db: PeopleDb, id: string, by: PersonIdentity['by']): Identity {
  const row = peopleStore.standing(db, id)
  if (!row) return nobody('there is no such person any more')
  if (row.disabledAt !== null) return nobody(`${row.username} is kept out`)
  return { kind: 'person', id, name: row.username, by, grants: [grantOf(row.role, row.rights)] }
}

/** Of sign-ins: a form of a page cannot be sent so often, and no password is guessed by it. */
const signInRate = { window: 60, max: 30 } as const

interface AuthOptions extends SignInOptions {
  readonly usedCodes: UsedCodes
}

function authAt(origin: string, { db, secret, singleSignOn: single, logger, usedCodes }: AuthOptions) {
  const { protocol, hostname, port } = new URL(origin)
  const byGroups = rolesByGroups(single, (name) => peopleStore.byName(db, name, Date.now()) !== null)
  return betterAuth({
    baseURL: origin,
    secret,
    appName: 'Varve',
    database: drizzleAdapter(db, { provider: 'sqlite', schema }),
    telemetry: { enabled: false },
    onAPIError: { errorURL: '/sign-in' },
    trustedOrigins: [origin],
    emailAndPassword: { enabled: true, disableSignUp: true, minPasswordLength: 10, maxPasswordLength: 128 },
    account: { accountLinking: { enabled: false } },
    user: {
      ...(single !== null && { validateUserInfo: byGroups.validateUserInfo }),
      additionalFields: {
        role: { type: 'string', required: false, input: false },
        rights: { type: 'string', required: false, input: false },
        disabledAt: { type: 'date', required: false, input: false },
        seenAt: { type: 'date', required: false, input: false },
      },
    },
    session: { expiresIn: weekSeconds, disableSessionRefresh: true },
    rateLimit: {
      enabled: true,
      window: 60,
      max: 600,
      customRules: {
        '/sign-in/username': signInRate,
        '/sign-in/social': signInRate,
        '/sign-in/link': { window: 60, max: 600 },
        '/two-factor/verify-*': signInRate,
        '/device/code': signInRate,
      },
    },
    advanced: {
      // Cookies are not told apart by port: two controllers of one machine would take each other's.
      cookiePrefix: `varve-${port === '' ? protocol.slice(0, -1) : port}`,
      useSecureCookies: protocol === 'https:',
      ipAddress: { ipAddressHeaders: [peerHeader] },
      cookies: { session_token: { attributes: { sameSite: 'strict' } } },
    },
    hooks: { after: onceOnly(usedCodes) },
    databaseHooks: {
      user: byGroups.hooks,
      session: {
        create: {
          before: async ({ userId }) => {
            if (peopleStore.standing(db, userId)?.disabledAt !== null)
              throw new APIError('FORBIDDEN', { message: 'This account is disabled: ask an admin.' })
          },
          after: async ({ userId }) => void peopleStore.setSeen(db, userId, Date.now()),
        },
      },
    },
    logger: {
      level: 'warn',
      // What somebody shows that is not believed is no fault of this server, and must not fill its log.
      log: (_level, message) => logger.debug({ of: 'sign-in' }, message),
    },
    plugins: [
      username({ minUsernameLength: 1, maxUsernameLength: 32 }),
      // Only what this server has signed: what lies in the database lets nobody in.
      bearer({ requireSignature: true }),
      deviceAuthorization({
        expiresIn: '10m',
        interval: '2s',
        verificationUri: '/device',
        validateClient: (id) => id === commandClient,
      }),
      twoFactor({ issuer: `Varve ${hostname}` }),
      apiKey({
        defaultPrefix: keyPrefix,
        enableMetadata: true,
        rateLimit: { enabled: false },
        requireName: true,
        maximumNameLength: 60,
        keyExpiration: { minExpiresIn: 1, maxExpiresIn: 3660 },
      }),
      passkey({ rpID: hostname, rpName: 'Varve', origin }),
      ...(single === null ? [] : [genericOAuth({ config: [singleSignOnProvider(single)] })]),
      signInByLink(db),
    ],
  })
}

/** Who has seen a code over somebody's shoulder comes too late with it. */
function onceOnly(usedCodes: UsedCodes) {
  return createAuthMiddleware(async (ctx) => {
    if (ctx.path !== '/two-factor/verify-totp' || ctx.context.returned instanceof APIError) return
    const made = ctx.context.newSession
    const person = made?.user.id ?? ctx.context.session?.user.id
    const { code } = z.object({ code: z.string() }).parse(ctx.body)
    if (person === undefined || usedCodes.take(person, code)) return
    if (made) await ctx.context.internalAdapter.deleteSession(made.session.token)
    throw new APIError('UNAUTHORIZED', { code: 'CODE_WAS_USED', message: 'This code was used already.' })
  })
}

/** A link that signs one person in once. */
function signInByLink(db: PeopleDb) {
  return {
    id: 'sign-in-link',
    endpoints: {
      signInLink: createAuthEndpoint(
        '/sign-in/link',
        { method: 'POST', body: z.object({ token: z.string().min(16).max(128) }) },
        async (ctx) => {
          const id = peopleStore.useLink(db, ctx.body.token, Date.now())
          const user = id === null ? null : await ctx.context.internalAdapter.findUserById(id)
          if (!user)
            throw new APIError('UNAUTHORIZED', {
              code: 'LINK_IS_OVER',
              message: 'This link was used, or is over: ask for a new one.',
            })
          const session = await ctx.context.internalAdapter.createSession(user.id)
          await setSessionCookie(ctx, { session, user })
          return ctx.json({ user: { name: user.name } })
        },
      ),
    },
  } satisfies BetterAuthPlugin
}

/** A person as better-auth keeps one. */
export function newUser(name: string, grant: Grant) {
  return {
    name,
    email: `${name}${noMail}`,
    emailVerified: false,
    username: name,
    role: grant.role,
    rights: grant.rights === null ? null : JSON.stringify(grant.rights),
  }
}

function nobody(why: string): Identity {
  return { kind: 'nobody', why }
}
