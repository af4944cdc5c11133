import { z } from 'zod'
import { auditKinds, auditStates } from './audit-words.ts'
import { Timestamp } from './primitives.ts'

export const Sha256Hex = z.string().regex(/^[0-9a-f]{64}$/u)

/** Who did it: by what the connection proves, or the controller itself. */
export const AuditWho = z.object({
  kind: z.enum(['local', 'agent', 'person', 'nobody', 'controller']),
  name: z.string().nullable(),
  /** The certificate, session or key by which that is known. */
  key: z.string().nullable(),
})
export type AuditWho = z.infer<typeof AuditWho>

export const AuditResult = z.object({
  state: z.enum(auditStates),
  /** Of the error. */
  code: z.string().nullable(),
  reason: z.string().nullable(),
})
export type AuditResult = z.infer<typeof AuditResult>

/** A line of the audit log. Its hash is of exactly these fields, so that a new one is a new version. */
export const AuditEntry = z.object({
  version: z.literal(1),
  sequence: z.number().int().min(1),
  at: Timestamp,
  kind: z.enum(auditKinds),
  who: AuditWho,
  /** Whose wish it was that the controller carried out. */
  onBehalfOf: AuditWho.nullable(),
  peer: z.string().nullable(),
  /** The procedure, such as `runs.start`. */
  what: z.string(),
  /** Such as `host:north` and `run:…`. */
  on: z.array(z.string()),
  /** What was asked, shortened and without secrets. */
  input: z.string().nullable(),
  /** Digest of the plan. */
  plan: z.string().nullable(),
  result: AuditResult.nullable(),
  /** The line that this is the end of. */
  of: z.number().int().nullable(),
  signature: z.object({ key: z.string(), value: z.string() }).nullable(),
  /** Hash of the line before. */
  previous: Sha256Hex,
})
export type AuditEntry = z.infer<typeof AuditEntry>

/** An entry with its hash: what is exported, a line each. */
export const AuditLine = z.object({ hash: Sha256Hex, entry: AuditEntry })
export type AuditLine = z.infer<typeof AuditLine>

const Words = z.string().min(1).max(300)

/** What lines are wanted; all that is said must hold. */
export const AuditFilter = z.object({
  since: Timestamp.optional(),
  until: Timestamp.optional(),
  /** Part of who or of the address. */
  who: Words.optional(),
  /** What the procedure begins with. */
  what: Words.optional(),
  /** Part of what it was about. */
  on: Words.optional(),
  result: z.enum(auditStates).optional(),
})
export type AuditFilter = z.infer<typeof AuditFilter>

export const AuditQuery = AuditFilter.extend({
  /** Newest first, from before this one. */
  before: z.number().int().nullable().default(null),
  limit: z.number().int().min(1).max(500).default(100),
})

export const AuditExportQuery = AuditFilter.extend({
  /** Oldest first, from after this one. */
  after: z.number().int().min(0).default(0),
  limit: z.number().int().min(1).max(1000).default(1000),
})

export const AuditPage = z.object({ lines: z.array(AuditLine), isMore: z.boolean() })
export type AuditPage = z.infer<typeof AuditPage>

/** What a check of the whole log found. */
export const AuditCheck = z.object({
  entries: z.number().int(),
  signatures: z.number().int(),
  first: z.number().int().nullable(),
  head: z.object({ sequence: z.number().int(), hash: Sha256Hex }).nullable(),
  /** The last signature that holds: until there nobody can have rewritten it. */
  signed: z.object({ sequence: z.number().int(), at: Timestamp }).nullable(),
  faultCount: z.number().int(),
  /** The first of them. */
  faults: z.array(z.object({ sequence: z.number().int().nullable(), message: z.string() })),
  /** What the log says of itself, such as that it was cut while the controller was stopped. */
  alarms: z.array(z.object({ sequence: z.number().int().nullable(), message: z.string() })),
})
export type AuditCheck = z.infer<typeof AuditCheck>

export const AuditKey = z.object({
  id: z.string(),
  /** Ed25519, PEM. */
  publicKey: z.string(),
})
export type AuditKey = z.infer<typeof AuditKey>
