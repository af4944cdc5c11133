import { z } from 'zod'
import { Timestamp } from './primitives.ts'
import { roles } from './roles.ts'

export { hasRole, mayOperate, roles, type ActOn } from './roles.ts'

export const Role = z.enum(roles)
export type Role = z.infer<typeof Role>

/** A name to sign in with. */
export const PersonName = z
  .string()
  .regex(
    /^[a-z0-9](?:[a-z0-9._-]{0,30}[a-z0-9])?$/u,
    'a name has lower-case letters, digits, dots, hyphens and underscores, 32 at most',
  )
export const PersonId = z.string().min(1).max(64)

/** Names with `*` for any characters. */
const Pattern = z
  .string()
  .min(1)
  .max(128)
  .regex(/^[^\p{Cc}]*$/u, 'a name, with * for any characters')
const Patterns = z.array(Pattern).min(1).max(64).nullable().default(null)

/** Where an operator may work, and what; all that is said must hold, null: everywhere, anything. */
export const Right = z.lazy(() =>
  z.object({
    hosts: Patterns,
    libraries: Patterns,
    /** Such as `convert` and `migrate`. */
    operations: Patterns,
  }),
)
export type Right = z.infer<typeof Right>

/** Null: everywhere, as far as the role goes. */
export const Rights = z.array(Right).max(32).nullable()
export type Rights = z.infer<typeof Rights>

/** A role, and where it holds. */
export const Grant = z.lazy(() => z.object({ role: Role, rights: Rights.default(null) }))
export type Grant = z.infer<typeof Grant>

export const Password = z
  .string()
  .min(10, 'a password has 10 characters or more')
  .max(128, 'a password has at most 128 characters')

export const PersonView = z.lazy(() =>
  z.object({
    id: PersonId,
    name: PersonName,
    role: Role,
    rights: Rights,
    madeAt: Timestamp,
    /** Null: has not signed in yet. */
    seenAt: Timestamp.nullable(),
    /** Whether they are kept out. */
    isDisabled: z.boolean(),
    hasPassword: z.boolean(),
    hasOneTimeCodes: z.boolean(),
    passkeys: z.number().int(),
    /** The role comes from the groups of the single sign-on. */
    isFromSingleSignOn: z.boolean(),
    sessions: z.number().int(),
    keys: z.number().int(),
  }),
)
export type PersonView = z.infer<typeof PersonView>

export const NewPerson = z.lazy(() =>
  z.object({ name: PersonName, role: Role, rights: Rights.default(null) }),
)
export type NewPerson = z.input<typeof NewPerson>

/** Shown once: signs one person in once. */
export const SignInLink = z.lazy(() =>
  z.object({ person: PersonName, url: z.string(), expiresAt: Timestamp }),
)
export type SignInLink = z.infer<typeof SignInLink>

export const SessionView = z.lazy(() =>
  z.object({
    id: z.string(),
    person: PersonName,
    /** The command or a browser. */
    kind: z.enum(['browser', 'command']),
    /** What it said it was. */
    agent: z.string(),
    address: z.string(),
    madeAt: Timestamp,
    expiresAt: Timestamp,
    isThisOne: z.boolean(),
  }),
)
export type SessionView = z.infer<typeof SessionView>

export const ApiKeyView = z.lazy(() =>
  z.object({
    id: z.string(),
    person: PersonName,
    name: z.string(),
    /** How it begins. */
    start: z.string(),
    role: Role,
    rights: Rights,
    madeAt: Timestamp,
    expiresAt: Timestamp.nullable(),
    usedAt: Timestamp.nullable(),
  }),
)
export type ApiKeyView = z.infer<typeof ApiKeyView>

export const NewApiKey = z.lazy(() =>
  z.object({
    name: z.string().trim().min(1, 'a key has a name').max(60),
    /** Never more than its person may do. */
    role: Role.default('viewer'),
    rights: Rights.default(null),
    validDays: z.number().int().min(1).max(3660).nullable().default(90),
  }),
)
export type NewApiKey = z.input<typeof NewApiKey>

/** Shown once: only a hash of it is kept. */
export const MadeApiKey = z.lazy(() => z.object({ key: ApiKeyView, text: z.string() }))
export type MadeApiKey = z.infer<typeof MadeApiKey>

export const PasskeyView = z.lazy(() =>
  z.object({ id: z.string(), name: z.string(), madeAt: Timestamp.nullable() }),
)
export type PasskeyView = z.infer<typeof PasskeyView>

/** Who asks, and how people sign in here; answered to everybody. */
export const Me = z.lazy(() =>
  z.object({
    person: z
      .object({
        name: z.string(),
        role: Role,
        rights: Rights,
        /** Null: let in by the file on this machine, or because nobody signs in here. */
        id: PersonId.nullable(),
        hasPassword: z.boolean(),
        hasOneTimeCodes: z.boolean(),
        passkeys: z.array(PasskeyView),
      })
      .nullable(),
    /** Name of the single sign-on, null: there is none. */
    singleSignOn: z.string().nullable(),
    /** Whether passkeys can be used at this address: browsers want a name and TLS, or localhost. */
    canUsePasskeys: z.boolean(),
    /** Everybody who reaches this controller is an admin, by an explicit switch. */
    isSignInOff: z.boolean(),
  }),
)
export type Me = z.infer<typeof Me>
