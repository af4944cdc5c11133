import { createHash } from 'node:crypto'
import { DiskError } from '@varve/core/problems/disk-error'
import { fitsPattern } from '@varve/protocol/name-pattern'
import type { Identity } from '@varve/protocol/identity'
import type {
  JoinRequest,
  JoinTokenView,
  Membership,
  MemberView,
  NewToolCertificate,
  ToolCertificate,
} from '@varve/protocol/trust'
import { joinTokenText, makeJoinToken } from '@varve/trust/join-token'
import { isSameSecret } from '@varve/trust/pin'
import { certificateMs, type Authority, type SignedMember } from './authority.ts'
import {
  addMember,
  addToken,
  barredOf,
  cancelToken,
  certificatesOf,
  memberBySerial,
  membersOf,
  setMemberState,
  tokenOf,
  tokensOf,
  useToken,
  writeTrust,
  type MemberRow,
  type TokenRow,
  type TrustDb,
} from './trust-store.ts'

type AgentIdentity = Extract<Identity, { kind: 'agent' }>

/** Who belongs to the fleet: joining, renewing, and being put out. */
export interface Members {
  /** Makes a token for hosts of these names; its text is shown once. */
  makeToken(options: { readonly pattern: string; readonly validMs: number }): {
    readonly text: string
    readonly token: JoinTokenView
  }
  tokens(): JoinTokenView[]
  /** Throws `refused` when it can no longer be canceled. */
  cancelToken(id: string): void
  /** Throws `refused`: the token is none, used, over, or not for this name. */
  join(request: JoinRequest): Promise<Membership>
  renew(identity: AgentIdentity, request: string): Promise<Membership>
  /** A certificate for a tool, for another key each time; throws `refused` for the name of a host. */
  certify(tool: NewToolCertificate): Promise<ToolCertificate>
  /** Takes note that a certificate is used, which ends those before it; throws `refused` for one that is not to be believed. */
  admit(identity: AgentIdentity): void
  /**
   * Keeps a certificate of this fleet that it knows nothing of as stopped, until a person decides; whether it was one. Only a
   * controller that was restored from a backup sees such: it was made since.
   */
  stopUnknown(identity: AgentIdentity): boolean
  /** Whether the name belongs to an agent with a certificate. */
  isTaken(host: string): boolean
  list(): MemberView[]
  /** Serial numbers of those that were put out or stopped before their time, the newest first. */
  barred(): string[]
  /** How many certificates that may be used a root has signed. */
  countBy(generation: number): number
  /** Puts a member out for good: all its certificates. Throws `refused` when it has none. */
  revoke(name: string, reason: string): void
  /** Stops all certificates of a host, until a person decides. */
  stop(host: string, reason: string): void
  /** A stopped one may be used again; throws `refused` when none is stopped. */
  allow(name: string): void
}

export interface MembersOptions {
  readonly db: TrustDb
  readonly authority: Authority
  readonly now: () => number
}

export function createMembers({ db, authority, now }: MembersOptions): Members {
  const at = () => new Date(now()).toISOString()

  function keep(name: string, signed: SignedMember): Membership {
    const { serial, chain, generation } = signed
    const [madeAt, notAfter] = [at(), signed.notAfter.toISOString()]
    addMember(db, { serial, name, kind: 'agent', state: 'issued', madeAt, notAfter, generation, chain })
    return membership(name, { chain, notAfter })
  }

  function membership(name: string, { chain, notAfter }: { chain: string; notAfter: string }): Membership {
    return {
      fleet: authority.fleet,
      name,
      chain,
      notAfter,
      roots: authority.roots().map((root) => root.certificate),
    }
  }

  const isUsable = (row: MemberRow) => row.notAfter > at() && !isEnded(row)

  const usable = (host: string) => certificatesOf(db, host).filter(isUsable)

  /** Those of the name that are not ended yet. */
  function end(rows: readonly MemberRow[], state: 'superseded' | 'revoked', reason: string): void {
    for (const row of rows) if (!isEnded(row)) setMemberState(db, row.serial, { state, reason, at: at() })
  }

  function viewOf(row: TokenRow): JoinTokenView {
    const state =
      row.usedAt !== null
        ? 'used'
        : row.canceledAt !== null
          ? 'canceled'
          : row.expiresAt <= at()
            ? 'expired'
            : 'open'
    const { id, pattern, madeAt, expiresAt, usedBy } = row
    return { id, pattern, madeAt, expiresAt, state, usedBy }
  }

  /** The token that lets this request in; the same host may ask again when the answer was lost on its way. */
  function tokenFor({ id, secret, name, request }: JoinRequest): TokenRow {
    const row = tokenOf(db, id)
    if (!row || !isSameSecret(row.secretHash, hashOf(secret)))
      throw refused(name, 'the token is none of this fleet', 'Make a new one, and copy all of it.')
    const { state } = viewOf(row)
    const isAgain = row.usedBy === name && row.usedKey === hashOf(request) && row.expiresAt > at()
    if (state !== 'open' && !isAgain) throw refused(name, tokenFaults[state], 'Make a new one.')
    if (!fitsPattern(row.pattern, name))
      throw refused(
        name,
        `the token is for hosts that are called ${row.pattern}`,
        'Give the agent such a name with --name, or make a token for this one.',
      )
    if (usable(name).some(({ kind }) => kind === 'tool'))
      throw refused(name, 'a tool has a certificate of that name', 'Give the host another name.')
    if (usable(name).length > 0 && row.pattern !== name && !isAgain)
      throw refused(
        name,
        'a host of that name has joined already',
        `Give this one another name with --name, or make a token for just ${name}: it replaces the other.`,
      )
    return row
  }

  function assertNoHost(name: string): void {
    if (!certificatesOf(db, name).some((row) => row.kind === 'agent' && isUsable(row))) return
    throw refused(name, 'a host of that name has joined', 'Give the tool a name of its own.')
  }

  return {
    makeToken({ pattern, validMs }) {
      const [root] = authority.roots()
      const made = makeJoinToken(root?.pin ?? '')
      const expiresAt = new Date(now() + validMs).toISOString()
      addToken(db, { id: made.id, secretHash: hashOf(made.secret), pattern, madeAt: at(), expiresAt })
      const row = tokenOf(db, made.id)
      if (!row) throw new Error('the token was not kept')
      return { text: joinTokenText(made), token: viewOf(row) }
    },
    tokens: () => tokensOf(db).map(viewOf),
    cancelToken(id) {
      if (!cancelToken(db, id, at()))
        throw refused(
          id,
          'there is no such token that could still be used',
          'varve agents tokens lists them.',
        )
    },
    async join(request) {
      tokenFor(request)
      const { name } = request
      const signed = await authority.sign({ kind: 'agent', name }, request.request)
      return writeTrust(db, () => {
        // Another host may have come in while this one's certificate was made.
        const token = tokenFor(request)
        if (token.usedAt !== null) {
          const before = certificatesOf(db, name).find(({ chain }) => chain !== '')
          if (before) return membership(name, before)
        }
        end(certificatesOf(db, name), 'revoked', `replaced by a host that joined with token ${token.id}`)
        useToken(db, token.id, { name, key: hashOf(request.request), at: at() })
        return keep(name, signed)
      })
    },
    async renew(identity, request) {
      const signed = await authority.sign({ kind: 'agent', name: identity.host }, request)
      return writeTrust(db, () => {
        const before = memberBySerial(db, identity.serial)
        if (before?.state !== 'active') throw notAMember(identity.host, before)
        // One that was asked for before and never used is not needed any more.
        end(
          certificatesOf(db, identity.host).filter(({ state }) => state === 'issued'),
          'superseded',
          '',
        )
        return keep(identity.host, signed)
      })
    },
    async certify({ name, request, validSeconds, serves }) {
      assertNoHost(name)
      const validMs = validSeconds * 1000
      const end = serves.length > 0 ? 'server' : 'client'
      const signed = await authority.sign({ kind: 'tool', name }, request, {
        end,
        reachedBy: serves,
        validMs,
      })
      const { serial, chain, generation } = signed
      const [madeAt, notAfter] = [at(), signed.notAfter.toISOString()]
      writeTrust(db, () => {
        assertNoHost(name)
        addMember(db, { serial, name, kind: 'tool', state: 'active', madeAt, notAfter, generation, chain })
      })
      const revoked = await authority.revoked(
        barredOf(db, at()).map((row) => row.serial),
        signed.notAfter,
      )
      return { ...membership(name, { chain, notAfter }), revoked }
    },
    admit({ host, serial }) {
      const row = memberBySerial(db, serial)
      if (row?.name !== host || row.notAfter <= at()) throw notAMember(host, row)
      if (row.state === 'active') return
      if (row.state !== 'issued') throw notAMember(host, row)
      writeTrust(db, () => {
        const all = certificatesOf(db, host)
        end(all.slice(all.findIndex((other) => other.serial === serial) + 1), 'superseded', '')
        setMemberState(db, serial, { state: 'active', at: at() })
      })
    },
    stopUnknown({ host, serial }) {
      if (memberBySerial(db, serial)) return false
      const [root] = authority.roots()
      // When it ends, who speaks by it has shown already.
      const notAfter = new Date(now() + certificateMs).toISOString()
      const kept = {
        serial,
        name: host,
        kind: 'agent' as const,
        madeAt: at(),
        notAfter,
        generation: root?.generation ?? 1,
        chain: '',
      }
      writeTrust(db, () => {
        addMember(db, { ...kept, state: 'stopped' })
        setMemberState(db, serial, { state: 'stopped', reason: sinceTheBackup, at: at() })
      })
      return true
    },
    isTaken: (host) => usable(host).length > 0,
    list: () =>
      membersOf(db).map(({ serial, name, kind, state, reason, madeAt, notAfter }) => ({
        serial,
        name,
        kind,
        state,
        reason,
        madeAt,
        notAfter,
      })),
    barred: () =>
      barredOf(db, at())
        .slice(0, mostBarred)
        .map(({ serial }) => serial),
    countBy: (generation) =>
      membersOf(db).filter((row) => row.generation === generation && isUsable(row)).length,
    revoke(name, reason) {
      const rows = certificatesOf(db, name)
      if (rows.every(isEnded))
        throw refused(name, 'it has no certificate that could be revoked', 'varve agents lists who has one.')
      writeTrust(db, () => end(rows, 'revoked', reason))
    },
    stop(host, reason) {
      writeTrust(db, () => {
        for (const { serial } of usable(host))
          setMemberState(db, serial, { state: 'stopped', reason, at: at() })
      })
    },
    allow(name) {
      const stopped = certificatesOf(db, name).filter(({ state }) => state === 'stopped')
      if (stopped.length === 0)
        throw refused(name, 'none of its certificates is stopped', 'varve agents lists who is.')
      writeTrust(db, () => {
        for (const { serial } of stopped) setMemberState(db, serial, { state: 'issued', at: at() })
      })
    },
  }
}

/** More than are put out within the life of a certificate. */
const mostBarred = 10_000

const sinceTheBackup =
  'its certificate was made since the backup that this controller was restored from, so that it is not known what became of it'

/** Nothing brings it back, whatever its time. */
function isEnded({ state }: MemberRow): boolean {
  return state === 'superseded' || state === 'revoked'
}

const tokenFaults = {
  open: '',
  used: 'the token was used already',
  expired: 'the token is over',
  canceled: 'the token was canceled',
} as const

function notAMember(host: string, row: MemberRow | null): DiskError {
  if (row?.state === 'stopped')
    return refused(
      host,
      row.reason,
      'A person decides: varve agents allow, or varve agents revoke and join anew.',
    )
  const why =
    row?.state === 'revoked' ? `its certificate was revoked: ${row.reason}` : 'its certificate is not in use'
  return refused(host, why, 'Join it to the fleet anew: varve agents token makes a token.')
}

function refused(file: string, reason: string, remedy: string): DiskError {
  return new DiskError('refused', { file, reason, remedy })
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url')
}
