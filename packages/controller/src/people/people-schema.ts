import { index, integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'

const time = () => integer({ mode: 'timestamp_ms' })
const flag = () => integer({ mode: 'boolean' })
const ofUser = () =>
  text()
    .notNull()
    .references(() => user.id, { onDelete: 'cascade' })

/** Tables of better-auth and its plugins, by their own names; what is ours says so. */
export const user = sqliteTable('user', {
  id: text().primaryKey(),
  name: text().notNull(),
  email: text().notNull().unique(),
  emailVerified: flag().notNull(),
  image: text(),
  createdAt: time().notNull(),
  updatedAt: time().notNull(),
  username: text().unique(),
  displayUsername: text(),
  twoFactorEnabled: flag(),
  /** Ours: viewer, operator or admin. */
  role: text().notNull().default('viewer'),
  /** Ours: where that holds, as JSON; null: everywhere. */
  rights: text(),
  /** Ours: since when this one is kept out. */
  disabledAt: time(),
  /** Ours: the newest sign-in. */
  seenAt: time(),
})

export const session = sqliteTable(
  'session',
  {
    id: text().primaryKey(),
    expiresAt: time().notNull(),
    token: text().notNull().unique(),
    createdAt: time().notNull(),
    updatedAt: time().notNull(),
    ipAddress: text(),
    userAgent: text(),
    userId: ofUser(),
  },
  (table) => [index('session_user').on(table.userId)],
)

export const account = sqliteTable(
  'account',
  {
    id: text().primaryKey(),
    accountId: text().notNull(),
    providerId: text().notNull(),
    userId: ofUser(),
    accessToken: text(),
    refreshToken: text(),
    idToken: text(),
    accessTokenExpiresAt: time(),
    refreshTokenExpiresAt: time(),
    scope: text(),
    password: text(),
    createdAt: time().notNull(),
    updatedAt: time().notNull(),
  },
  (table) => [index('account_user').on(table.userId)],
)

export const verification = sqliteTable(
  'verification',
  {
    id: text().primaryKey(),
    identifier: text().notNull(),
    value: text().notNull(),
    expiresAt: time().notNull(),
    createdAt: time().notNull(),
    updatedAt: time().notNull(),
  },
  (table) => [index('verification_identifier').on(table.identifier)],
)

export const deviceCode = sqliteTable('device_code', {
  id: text().primaryKey(),
  deviceCode: text().notNull().unique(),
  userCode: text().notNull().unique(),
  userId: text(),
  expiresAt: time().notNull(),
  status: text().notNull(),
  lastPolledAt: time(),
  pollingInterval: integer(),
  clientId: text(),
  scope: text(),
})

export const twoFactor = sqliteTable('two_factor', {
  id: text().primaryKey(),
  secret: text().notNull(),
  backupCodes: text().notNull(),
  userId: ofUser(),
  verified: flag(),
  failedVerificationCount: integer(),
  lockedUntil: time(),
})

export const apikey = sqliteTable(
  'apikey',
  {
    id: text().primaryKey(),
    configId: text().notNull(),
    name: text(),
    start: text(),
    referenceId: ofUser(),
    prefix: text(),
    key: text().notNull(),
    refillInterval: integer(),
    refillAmount: integer(),
    lastRefillAt: time(),
    enabled: flag(),
    rateLimitEnabled: flag(),
    rateLimitTimeWindow: integer(),
    rateLimitMax: integer(),
    requestCount: integer(),
    remaining: integer(),
    lastRequest: time(),
    expiresAt: time(),
    createdAt: time().notNull(),
    updatedAt: time().notNull(),
    permissions: text(),
    metadata: text(),
  },
  (table) => [index('apikey_key').on(table.key), index('apikey_reference').on(table.referenceId)],
)

export const passkey = sqliteTable('passkey', {
  id: text().primaryKey(),
  name: text(),
  publicKey: text().notNull(),
  userId: ofUser(),
  credentialID: text().notNull(),
  counter: integer().notNull(),
  deviceType: text().notNull(),
  backedUp: flag().notNull(),
  transports: text(),
  createdAt: time(),
  aaguid: text(),
})

/** Ours: links that sign one person in once; only a hash of each is kept. */
export const signInLinks = sqliteTable('sign_in_links', {
  secretHash: text().primaryKey(),
  userId: ofUser(),
  madeAt: time().notNull(),
  expiresAt: time().notNull(),
  usedAt: time(),
})

/** Ours: what the sign-in itself keeps, sealed where it is secret. */
export const settings = sqliteTable('settings', { name: text().primaryKey(), value: text().notNull() })
