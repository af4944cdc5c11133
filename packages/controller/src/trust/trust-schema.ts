import { index, integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'

/** The fleet itself; one row. */
export const fleet = sqliteTable('fleet', {
  only: integer().primaryKey(),
  /** 32 hexadecimal digits. */
  id: text().notNull(),
  madeAt: text().notNull(),
})

/** Every start of the controller: agents say which one they knew last, so that a restored controller is noticed. */
export const starts = sqliteTable('starts', {
  number: integer().primaryKey({ autoIncrement: true }),
  /** Random: two controllers that go on from one backup have other ones. */
  id: text().notNull(),
  at: text().notNull(),
})

/** Roots of the fleet: the newest signs, older ones are believed until they are retired. */
export const roots = sqliteTable('roots', {
  generation: integer().primaryKey(),
  certificate: text().notNull(),
  /** Its key under the root before it; null: it was the first. */
  crossCertificate: text(),
  sealedKey: text().notNull(),
  madeAt: text().notNull(),
  retiredAt: text(),
})

export const joinTokens = sqliteTable('join_tokens', {
  id: text().primaryKey(),
  secretHash: text().notNull(),
  /** Names of hosts that may use it, `*` for any characters. */
  pattern: text().notNull(),
  madeAt: text().notNull(),
  expiresAt: text().notNull(),
  usedAt: text(),
  usedBy: text(),
  /** Of the key that joined by it: the same host may ask again when the answer was lost. */
  usedKey: text(),
  canceledAt: text(),
})

/** Every certificate that was made for a member. */
export const members = sqliteTable(
  'members',
  {
    serial: text().primaryKey(),
    name: text().notNull(),
    /** A host, or a tool that speaks NBD. */
    kind: text({ enum: ['agent', 'tool'] })
      .notNull()
      .default('agent'),
    /** `issued` until it is used first, then `active`; `superseded`, `revoked` and `stopped` ones are refused. */
    state: text().notNull(),
    reason: text().notNull().default(''),
    madeAt: text().notNull(),
    notAfter: text().notNull(),
    changedAt: text().notNull(),
    generation: integer().notNull(),
    chain: text().notNull(),
  },
  (table) => [index('members_name').on(table.name)],
)
