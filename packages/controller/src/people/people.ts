import { userInfo } from 'node:os'
import { DiskError } from '@varve/core/problems/disk-error'
import type { Identity, PersonIdentity } from '@varve/protocol/identity'
import {
  PersonName,
  type ApiKeyView,
  type Grant,
  type Me,
  type PersonView,
  type SessionView,
  type SignInLink,
} from '@varve/protocol/people'
import type { Logger } from 'pino'
import type { Secrets } from '@varve/trust/secrets'
import { isLoopbackName } from '../http/guard.ts'
import type { Services } from '../router/context.ts'
import {
  grantOf,
  openPeopleDatabase,
  peopleStore,
  signInSecret,
  type KeyRow,
  type PersonRow,
  type SessionRow,
} from './people-store.ts'
import { createLockOut } from './lock-out.ts'
import { assertKnownOperations } from './known-operations.ts'
import { createSignIn, keyGrant, newUser, type SignIn } from './sign-in.ts'
import type { SingleSignOn } from './single-sign-on.ts'

export interface PeopleOptions {
  /** Path of the database. */
  readonly path: string
  readonly secrets: Secrets
  readonly singleSignOn: SingleSignOn | null
  /** Everybody who reaches the controller is an admin. */
  readonly isSignInOff: boolean
  readonly logger: Logger
}

/** The people of the fleet: who they are, what they may, and by what they sign in. */
export interface People {
  readonly service: Services['people']
  readonly signIn: SignIn
  /** Signs cookies. */
  readonly secret: string
  /** `cut` ends the connections of whoever it is true for. */
  connect(effects: PeopleEffects): void
  /** A link for who starts the controller, an admin named as the user of this machine; `null`: somebody has signed in before. */
  firstLink(): Promise<SignInLink | null>
  /** Ends every sign-in, link and code that waits; gives how many people were signed in. Keys stay. */
  endSignIns(): number
  close(): void
}

export interface PeopleEffects {
  readonly cut: (who: (identity: PersonIdentity) => boolean, reason: string) => void
  /** Where the controller is reached, for links. */
  readonly url: () => string
}

const linkMs = 24 * 3_600_000
const firstLinkMs = 3_600_000
const pruneMs = 3_600_000

export async function openPeople(options: PeopleOptions): Promise<People> {
  const { secrets, isSignInOff, logger } = options
  const db = openPeopleDatabase(options.path)
  const secret = signInSecret(db, secrets)
  const signIn = createSignIn({
    db,
    logger,
    secret,
    singleSignOn: options.singleSignOn,
  })
  let effects: PeopleEffects | null = null
  const now = () => Date.now()
  const guesses = createLockOut(now)
  const upkeep = setInterval(() => peopleStore.prune(db, now()), pruneMs).unref()
  /** better-auth's own way to what it keeps. */
  const inner = async () => await signIn.inner.$context

  function personOf(name: string): PersonRow {
    const row = peopleStore.byName(db, name, now())
    if (row) return row
    throw new DiskError('not-in-fleet', { file: name, kind: 'person' })
  }

  /** Without any, nobody could make one. */
  function assertAdminStays({ id, username }: PersonRow): void {
    if (peopleStore.hasOtherAdmin(db, id)) return
    throw new DiskError('refused', {
      file: username,
      reason: 'the last admin would be gone',
      remedy: 'Make somebody else an admin first.',
    })
  }

  function cut(id: string, reason: string): void {
    effects?.cut((identity) => identity.id === id, reason)
  }

  function linkFor(
    { id, username }: Pick<PersonRow, 'id' | 'username'>,
    from: string,
    validMs: number,
  ): SignInLink {
    const until = now() + validMs
    const secret = peopleStore.makeLink(db, id, { now: now(), until })
    // Behind `#`: browsers keep it to themselves, so it is in no log.
    return { person: username, url: `${from}/sign-in#${secret}`, expiresAt: timeOf(until) }
  }

  async function addPerson(name: string, grant: Grant): Promise<PersonRow> {
    if (peopleStore.byName(db, name, now()))
      throw new DiskError('refused', {
        file: name,
        reason: 'there is a person of that name',
        remedy: 'Choose another name.',
      })
    const { internalAdapter } = await inner()
    await internalAdapter.createUser(newUser(name, grant), { method: 'admin' })
    return personOf(name)
  }

  const service: Services['people'] = {
    async me({ identity, origin }) {
      const row = identity.kind === 'person' ? peopleStore.byId(db, identity.id, now()) : null
      const at = URL.parse(origin)
      return {
        person: meOf(identity, row, row ? peopleStore.passkeysOf(db, row.id) : []),
        singleSignOn: options.singleSignOn?.name ?? null,
        // Browsers take no address for a name, and no page that came in plain text but from localhost.
        canUsePasskeys:
          at !== null &&
          (at.hostname === 'localhost' || (at.protocol === 'https:' && !isAddress(at.hostname))),
        isSignInOff,
      }
    },
    list: () => peopleStore.all(db, now()).map(toPersonView),
    async add({ name, ...grant }, { origin }) {
      assertKnownOperations(grant.rights)
      return linkFor(await addPerson(name, grant), reached(origin), linkMs)
    },
    setGrant(name, grant) {
      assertKnownOperations(grant.rights)
      const row = personOf(name)
      if (row.role === 'admin' && grant.role !== 'admin') assertAdminStays(row)
      peopleStore.setGrant(db, row.id, grant, now())
      cut(row.id, 'what this person may was changed')
      return toPersonView(personOf(name))
    },
    setDisabled(name, isDisabled) {
      const row = personOf(name)
      if (isDisabled && row.role === 'admin') assertAdminStays(row)
      peopleStore.setDisabled(db, row.id, isDisabled ? now() : null, now())
      if (isDisabled) {
        peopleStore.endSessionsOf(db, row.id)
        cut(row.id, 'this person is kept out')
      }
      return toPersonView(personOf(name))
    },
    remove(name) {
      const row = personOf(name)
      if (row.role === 'admin') assertAdminStays(row)
      peopleStore.remove(db, row.id)
      cut(row.id, 'this person was removed')
    },
    link(name, forgets, { origin }) {
      const row = personOf(name)
      if (forgets) {
        peopleStore.forget(db, row.id)
        cut(row.id, 'this person signs in anew')
      }
      return linkFor(row, reached(origin), linkMs)
    },
    async setPassword({ identity }, { currentPassword = '', newPassword }) {
      const { id, by } = asPerson(identity)
      assertNoKey(identity, 'password', {
        reason: 'a key does not change it',
        remedy: 'Sign in, then change it.',
      })
      const waitMs = guesses.waitMs(id)
      if (waitMs > 0)
        throw new DiskError('refused', {
          file: 'password',
          reason: 'the current one was wrong too often',
          remedy: `Wait ${Math.ceil(waitMs / 1000)} s, or ask an admin for a new link.`,
        })
      // Counted before, so that many at once are no way round it.
      guesses.failed(id)
      const { internalAdapter, password } = await inner()
      const account = await internalAdapter.findCredentialAccount(id)
      const isRight =
        account?.password === undefined ||
        account.password === null ||
        (await password.verify({ hash: account.password, password: currentPassword }))
      if (!isRight)
        throw new DiskError('refused', {
          file: 'password',
          reason: 'the current one is another',
          remedy: 'Type it again, or ask an admin for a new link.',
        })
      guesses.succeeded(id)
      const hash = await password.hash(newPassword)
      if (account) await internalAdapter.updatePassword(id, hash)
      else
        await internalAdapter.createAccount({
          userId: id,
          providerId: 'credential',
          accountId: id,
          password: hash,
        })
      peopleStore.endSessionsOf(db, id, by.id)
      effects?.cut((one) => one.id === id && one.by.id !== by.id, 'the password was changed')
    },
    sessions(whose, { identity }) {
      const own = identity.kind === 'person' ? identity.by.id : null
      return peopleStore.sessions(db, idOf(whose), now()).map((row) => toSessionView(row, own))
    },
    endSession(whose, id) {
      assertNoKey(whose, id, endsNothing)
      if (!peopleStore.endSession(db, idOf(whose), id))
        throw new DiskError('not-in-fleet', { file: id, kind: 'session' })
      effects?.cut(({ by }) => by.kind === 'session' && by.id === id, 'the sign-in was ended')
    },
    keys: (whose) => peopleStore.keys(db, idOf(whose)).map(toKeyView),
    async makeKey({ identity }, { name, role, rights, validDays }) {
      assertKnownOperations(rights)
      const { id } = asPerson(identity)
      assertNoKey(identity, name, { reason: 'a key makes no keys', remedy: 'Sign in, then make it.' })
      const made = await signIn.inner.api.createApiKey({
        body: {
          userId: id,
          name,
          expiresIn: validDays === null ? null : validDays * 86_400,
          metadata: { role, rights: rights === null ? null : JSON.stringify(rights) },
        },
      })
      const view = service.keys(identity).find((key) => key.id === made.id)
      if (!view) throw new Error('the key was not kept')
      return { key: view, text: made.key }
    },
    revokeKey(whose, id) {
      assertNoKey(whose, id, endsNothing)
      if (!peopleStore.revokeKey(db, idOf(whose), id))
        throw new DiskError('not-in-fleet', { file: id, kind: 'key' })
      effects?.cut(({ by }) => by.kind === 'key' && by.id === id, 'the key was revoked')
    },
  }

  function reached(origin: string): string {
    return URL.parse(origin)?.origin ?? effects?.url() ?? ''
  }

  return {
    service,
    signIn,
    secret,
    connect: (given) => void (effects = given),
    async firstLink() {
      const everybody = peopleStore.all(db, now())
      if (isSignInOff || everybody.some(({ seenAt }) => seenAt !== null)) return null
      const [admin] = everybody.filter(({ role }) => role === 'admin')
      return linkFor(
        admin ?? (await addPerson(starter(), { role: 'admin', rights: null })),
        reached(''),
        firstLinkMs,
      )
    },
    endSignIns: () => peopleStore.endSignIns(db),
    close() {
      clearInterval(upkeep)
      db.$client.close()
    },
  }
}

/** The user of this machine, as a name that signs in. */
function starter(): string {
  try {
    return PersonName.parse(userInfo().username.toLowerCase())
  } catch {
    return 'admin'
  }
}

function isAddress(name: string): boolean {
  return isLoopbackName(name) || /^[\d.]+$|^\[/u.test(name)
}

/** A key that was lost must not put its person out, nor make more of itself. */
function assertNoKey(
  whose: Identity | null,
  file: string,
  why: { readonly reason: string; readonly remedy: string },
): void {
  if (whose?.kind === 'person' && whose.by.kind === 'key') throw new DiskError('refused', { file, ...why })
}

const endsNothing = { reason: 'a key ends nothing of its person', remedy: 'Sign in, then end it.' }

/** Whose alone are meant: null, everybody's. */
function idOf(whose: Identity | null): string | null {
  return whose === null ? null : asPerson(whose).id
}

function asPerson(identity: Identity): PersonIdentity {
  if (identity.kind === 'person') return identity
  throw new DiskError('refused', {
    file: 'account',
    reason: 'nobody has signed in, so there is no account',
    remedy: 'Sign in by a link: varve people link NAME.',
  })
}

function meOf(
  identity: Identity,
  row: PersonRow | null,
  passkeys: readonly {
    readonly id: string
    readonly name: string | null
    readonly createdAt: number | null
  }[],
): Me['person'] {
  if (identity.kind === 'local')
    return {
      id: null,
      name: starter(),
      role: 'admin',
      rights: null,
      hasPassword: false,
      hasOneTimeCodes: false,
      passkeys: [],
    }
  if (identity.kind !== 'person' || row === null) return null
  const { role, rights } = identity.grants.at(-1) ?? identity.grants[0]
  return {
    id: identity.id,
    name: identity.name,
    role,
    rights,
    hasPassword: row.hasPassword > 0,
    hasOneTimeCodes: row.twoFactorEnabled === 1,
    passkeys: passkeys.map(({ id, name, createdAt }) => ({
      id,
      name: name ?? 'passkey',
      madeAt: createdAt === null ? null : timeOf(createdAt),
    })),
  }
}

function toPersonView(row: PersonRow): PersonView {
  return {
    id: row.id,
    name: row.username,
    ...grantOf(row.role, row.rights),
    madeAt: timeOf(row.createdAt),
    seenAt: row.seenAt === null ? null : timeOf(row.seenAt),
    isDisabled: row.disabledAt !== null,
    hasPassword: row.hasPassword > 0,
    hasOneTimeCodes: row.twoFactorEnabled === 1,
    passkeys: row.passkeys,
    isFromSingleSignOn: row.isFromSingleSignOn > 0,
    sessions: row.sessions,
    keys: row.keys,
  }
}

function toSessionView(row: SessionRow, own: string | null): SessionView {
  const agent = row.userAgent ?? ''
  return {
    id: row.id,
    person: row.username,
    kind: agent.startsWith('varve/') ? 'command' : 'browser',
    agent,
    address: row.ipAddress ?? '',
    madeAt: timeOf(row.createdAt),
    expiresAt: timeOf(row.expiresAt),
    isThisOne: row.id === own,
  }
}

function toKeyView(row: KeyRow): ApiKeyView {
  return {
    id: row.id,
    person: row.username,
    name: row.name ?? '',
    start: row.start ?? '',
    ...keyGrant(row.metadata),
    madeAt: timeOf(row.createdAt),
    expiresAt: row.expiresAt === null ? null : timeOf(row.expiresAt),
    usedAt: row.lastRequest === null ? null : timeOf(row.lastRequest),
  }
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString()
}
