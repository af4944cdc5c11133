import { z } from 'zod'
import { installSystems } from './install-systems.ts'
import { HostName, Timestamp } from './primitives.ts'

/** PEM of certificates, of a key's request or of both together: a handful at most. */
const Pem = z.string().min(1).max(32_768)

/** Id of a fleet, which no other fleet has. */
export const FleetId = z.string().regex(/^[0-9a-f]{32}$/u)

/** Names of hosts, with `*` for any characters. */
export const NamePattern = z
  .string()
  .regex(/^[a-z0-9*][a-z0-9*-]{0,62}$/u, 'a name of a host, with * for any characters')

/** What a controller says of its fleet to whoever asks; believed only by a fingerprint that was known before. */
export const FleetRoots = z.lazy(() => z.object({ fleet: FleetId, roots: z.array(Pem).min(1).max(8) }))
export type FleetRoots = z.infer<typeof FleetRoots>

/** How a host joins: its token, and the request for the certificate of a key that it made and keeps. */
export const JoinRequest = z.lazy(() =>
  z.object({
    id: z.string().max(64),
    secret: z.string().max(128),
    name: HostName,
    /** PKCS #10, PEM. */
    request: Pem,
  }),
)
export type JoinRequest = z.infer<typeof JoinRequest>

/** A certificate for a member, with what it needs to believe the others. */
export const Membership = z.lazy(() =>
  z.object({
    fleet: FleetId,
    name: z.string().min(1).max(253),
    /** Its certificate, and those up to older roots. */
    chain: Pem,
    roots: z.array(Pem).min(1).max(8),
    notAfter: Timestamp,
  }),
)
export type Membership = z.infer<typeof Membership>

/** What a tool gets a certificate for: the request for the certificate of a key that its own machine made and keeps. */
export const NewToolCertificate = z.lazy(() =>
  z.object({
    name: HostName,
    /** PKCS #10, PEM. */
    request: Pem,
    validSeconds: z
      .number()
      .int()
      .min(60)
      .max(30 * 86_400),
    /** Names and addresses that it serves under; none: it is a client. */
    serves: z
      .array(z.string().regex(/^[0-9A-Za-z](?:[0-9A-Za-z.:-]{0,251}[0-9A-Za-z])?$|^::1?$/u))
      .max(32)
      .default([]),
  }),
)
export type NewToolCertificate = z.infer<typeof NewToolCertificate>

/** A certificate for a tool, with what it needs to believe others, and the list of those that are put out, PEM. */
export const ToolCertificate = z.lazy(() =>
  Membership.unwrap().extend({ revoked: z.string().max(4 * 1024 * 1024) }),
)
export type ToolCertificate = z.infer<typeof ToolCertificate>

export const RenewRequest = z.lazy(() => z.object({ request: Pem }))

export const NewJoinToken = z.lazy(() =>
  z.object({
    pattern: NamePattern.default('*'),
    /** How long it may be used. */
    validSeconds: z
      .number()
      .int()
      .min(60)
      .max(30 * 86_400)
      .default(3600),
  }),
)
export type NewJoinToken = z.input<typeof NewJoinToken>

export const JoinTokenView = z.lazy(() =>
  z.object({
    id: z.string(),
    pattern: z.string(),
    madeAt: Timestamp,
    expiresAt: Timestamp,
    state: z.enum(['open', 'used', 'expired', 'canceled']),
    usedBy: z.string().nullable(),
  }),
)
export type JoinTokenView = z.infer<typeof JoinTokenView>

/** Shown once: only a hash of it is kept. */
export const MadeJoinToken = z.lazy(() =>
  z.object({
    token: JoinTokenView,
    text: z.string(),
    /** The whole command for the host. */
    command: z.string(),
    /** For each system, the line for a host that has no Varve, which installs it too; null: there is none, and why. */
    install: z.array(
      z.union([
        z.object({ system: z.enum(installSystems), line: z.string(), reason: z.null() }),
        z.object({ system: z.enum(installSystems), line: z.null(), reason: z.string() }),
      ]),
    ),
  }),
)
export type MadeJoinToken = z.infer<typeof MadeJoinToken>

export const memberStates = ['issued', 'active', 'superseded', 'revoked', 'stopped'] as const

export const MemberView = z.lazy(() =>
  z.object({
    serial: z.string(),
    name: z.string(),
    /** A host, or a tool that speaks NBD. */
    kind: z.enum(['agent', 'tool']).default('agent'),
    state: z.enum(memberStates),
    /** Why it is revoked or stopped. */
    reason: z.string(),
    madeAt: Timestamp,
    notAfter: Timestamp,
  }),
)
export type MemberView = z.infer<typeof MemberView>

/** Trust of the fleet as people see it. */
export const TrustView = z.lazy(() =>
  z.object({
    fleet: FleetId,
    /** Fingerprint of the key that signs now. */
    pin: z.string(),
    roots: z.array(
      z.object({
        generation: z.number().int(),
        pin: z.string(),
        madeAt: Timestamp,
        notAfter: Timestamp,
        /** How many certificates that may be used were signed by it. */
        members: z.number().int(),
      }),
    ),
    members: z.array(MemberView),
    tokens: z.array(JoinTokenView),
    /** Whether plain text is spoken beyond this machine, by an explicit switch. */
    isOpen: z.boolean(),
  }),
)
export type TrustView = z.infer<typeof TrustView>
