import type { Session } from '../connection/deliver-reports.ts'
import type { Logger } from '../platform/logger.ts'
import { makeOpenWires, type Wires } from './open-wires.ts'
import { writeMembership, type KeptMembership } from './membership-file.ts'

/** What this agent is in its fleet as it runs: renewed before it ends, moved to new roots. */
export interface FleetMembership {
  /** For the next connection. */
  wires(): Wires
  /** Null: it speaks plain text, and has shown nobody who it is. */
  readonly kept: KeptMembership | null
  /** Keeps the roots that the controller told of. */
  takeRoots(roots: readonly string[]): Promise<void>
  /** Renews when it is due; true: from the next connection on another certificate is shown. */
  renewIfDue(session: Session): Promise<boolean>
}

export interface FleetMembershipOptions {
  readonly kept: KeptMembership | null
  readonly folder: string | null
  /** Where controllers of this user say how they let it in. */
  readonly accessFolder: string
  readonly log: Logger
  readonly now?: () => number
}

export async function createFleetMembership(options: FleetMembershipOptions): Promise<FleetMembership> {
  const { folder, log, now = () => Date.now() } = options
  let { kept } = options
  // Most agents on loopback need nothing of TLS.
  const tls = kept === null ? null : await import('./fleet-tls.ts')
  let wires: Wires | null = null
  let isMoved = false

  async function keep(changed: KeptMembership): Promise<void> {
    if (folder !== null) await writeMembership(folder, changed)
    kept = changed
    wires = null
  }

  return {
    get kept() {
      return kept
    },
    wires() {
      wires ??= kept === null || tls === null ? makeOpenWires(options.accessFolder) : tls.fleetWires(kept)
      return wires
    },
    async takeRoots(roots) {
      if (kept === null || roots.join() === kept.roots.join()) return
      isMoved ||= roots[0] !== kept.roots[0]
      await keep({ ...kept, roots: [...roots] })
      log.info({ roots: roots.length }, 'the fleet is believed by other roots now')
    },
    async renewIfDue(session) {
      if (kept === null) return false
      const [from, to] = [Date.parse(kept.issuedAt), Date.parse(kept.notAfter)]
      if (!isMoved && now() < from + ((to - from) * 2) / 3) return false
      const { makeRequest } = await import('@varve/trust/certificates')
      const { key, request } = await makeRequest()
      const { chain, roots, notAfter } = await session.client.renew(session.id, request)
      const issuedAt = new Date(now()).toISOString()
      await keep({ ...kept, key, chain, roots, notAfter, issuedAt })
      isMoved = false
      log.info({ notAfter }, 'the certificate of this host was renewed')
      return true
    },
  }
}
