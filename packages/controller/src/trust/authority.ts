import { X509Certificate } from 'node:crypto'
import { DiskError } from '@varve/core/problems/disk-error'
import {
  crossSign,
  issueCertificate,
  makeRequest,
  makeRoot,
  signRevoked,
  type Issued,
} from '@varve/trust/certificates'
import type { MemberName } from '@varve/trust/member-name'
import { pinOf } from '@varve/trust/pin'
import type { Secrets } from '@varve/trust/secrets'
import {
  addRoot,
  fleetOf,
  membersOf,
  retireRoots,
  rootsOf,
  writeTrust,
  type RootRow,
  type TrustDb,
} from './trust-store.ts'

/** How long a certificate is good for; it is renewed when two thirds of that are over. */
export const certificateMs = 30 * 86_400_000

/** Keys that are believed at once; what is sent to hosts holds eight. */
const mostRoots = 6

export interface Root {
  readonly generation: number
  /** PEM. */
  readonly certificate: string
  readonly pin: string
  readonly madeAt: string
  readonly notAfter: string
}

/** A certificate with the root that signed it. */
export interface SignedMember extends Issued {
  readonly generation: number
}

/** A key with its certificates, PEM, as `node:tls` takes them. */
export interface Credentials {
  readonly key: string
  readonly cert: string
  readonly notAfter: Date
}

/** The certificate authority of the fleet; its keys are sealed at rest. */
export interface Authority {
  readonly fleet: string
  /** Those that are believed, the one that signs first. */
  roots(): Root[]
  sign(member: Omit<MemberName, 'fleet'>, request: string, tool?: ForTool): Promise<SignedMember>
  /** What the roots have revoked, as servers outside of the fleet read it, PEM. */
  revoked(serials: readonly string[], until: Date): Promise<string>
  /** A new key of the controller itself, for the names that it is reached by. */
  own(reachedBy: readonly string[]): Promise<Credentials>
  /** A new root signs from now on; the older one is believed until nobody needs it. */
  rotate(): Promise<Root>
  /** Stops believing roots whose last certificate has ended or was replaced; whether there was one. */
  retire(): boolean
}

/** What a certificate of a tool is for. */
export interface ForTool {
  readonly end: 'client' | 'server'
  readonly reachedBy: readonly string[]
  readonly validMs: number
}

export interface AuthorityOptions {
  readonly db: TrustDb
  readonly secrets: Secrets
  readonly now: () => number
}

/** Opens the authority, or makes it with the fleet. Throws `refused` when its keys cannot be opened. */
export async function openAuthority({ db, secrets, now }: AuthorityOptions): Promise<Authority> {
  const at = () => new Date(now()).toISOString()
  const fleet = fleetOf(db, at())
  let rows = rootsOf(db)
  if (rows.length === 0) {
    await addGeneration(null)
    rows = rootsOf(db)
  }
  for (const row of rows) assertWhole(row)

  /** Throws `refused` for a root that was not kept as it was made. */
  function assertWhole(row: RootRow): void {
    keyOf(row)
    try {
      pinOf(row.certificate)
      if (row.crossCertificate !== null) pinOf(row.crossCertificate)
    } catch (error) {
      throw new DiskError(
        'refused',
        {
          file: 'trust.sqlite',
          reason: `the certificate of root ${row.generation} is damaged`,
          remedy: 'Restore it together with secrets.key from one backup.',
        },
        { cause: error },
      )
    }
  }

  function newest(): RootRow {
    const [row] = rows
    if (!row) throw new Error('a fleet has a root')
    return row
  }

  function purposeOf(generation: number): string {
    return `root ${generation}`
  }

  function keyOf({ generation, sealedKey }: RootRow): string {
    return secrets.open(purposeOf(generation), sealedKey).toString('utf8')
  }

  async function addGeneration(before: RootRow | null): Promise<void> {
    const generation = (before?.generation ?? 0) + 1
    const { key, certificate } = await makeRoot({ fleet, generation, now: new Date(now()) })
    const older = before && { key: keyOf(before), certificate: before.certificate }
    const crossCertificate = older && (await crossSign(certificate, older))
    const sealedKey = secrets.seal(purposeOf(generation), Buffer.from(key))
    addRoot(db, { generation, certificate, crossCertificate, sealedKey, madeAt: at() })
  }

  async function sign(
    member: Omit<MemberName, 'fleet'>,
    request: string,
    { reachedBy = [], validMs = certificateMs, end }: Partial<ForTool> = {},
  ): Promise<SignedMember> {
    const row = newest()
    const issued = await issueCertificate({
      root: { key: keyOf(row), certificate: row.certificate },
      // Up to the oldest root that somebody may know alone.
      cross: rows.slice(0, -1).flatMap(({ crossCertificate }) => crossCertificate ?? []),
      request,
      member: { ...member, fleet },
      reachedBy,
      ...(end && { end }),
      now: new Date(now()),
      validMs,
    })
    return { ...issued, generation: row.generation }
  }

  const rootOf = ({ generation, certificate, madeAt }: RootRow): Root => ({
    generation,
    certificate,
    pin: pinOf(certificate),
    madeAt,
    notAfter: new X509Certificate(certificate).validToDate.toISOString(),
  })

  return {
    fleet,
    roots: () => rows.map(rootOf),
    sign: (member, request, tool) => sign(member, request, tool),
    async revoked(serials, until) {
      const roots = rows.map((row) => ({ key: keyOf(row), certificate: row.certificate }))
      const lists = roots.map(async (root) => signRevoked({ root, serials, now: new Date(now()), until }))
      return (await Promise.all(lists)).join('')
    },
    async own(reachedBy) {
      const { key, request } = await makeRequest()
      const { chain, notAfter } = await sign({ kind: 'controller', name: 'controller' }, request, {
        reachedBy,
      })
      return { key, cert: chain, notAfter }
    },
    async rotate() {
      if (rows.length >= mostRoots) {
        const reason = `${rows.length} keys of the fleet are believed still, which is as many as hosts take: there are certificates of the oldest one`
        const remedy =
          'Wait until the hosts have renewed theirs, which they do by themselves while they are connected (varve agents shows them), or revoke those that will not come back.'
        throw new DiskError('refused', { file: fleet, reason, remedy })
      }
      await addGeneration(newest())
      rows = rootsOf(db)
      return rootOf(newest())
    },
    retire() {
      const needed = membersOf(db)
        .filter(({ state, notAfter }) => state !== 'revoked' && state !== 'superseded' && notAfter > at())
        .map(({ generation }) => generation)
      const oldest = Math.min(newest().generation, ...needed)
      if (!rows.some(({ generation }) => generation < oldest)) return false
      writeTrust(db, () => retireRoots(db, oldest, at()))
      rows = rootsOf(db)
      return true
    },
  }
}
