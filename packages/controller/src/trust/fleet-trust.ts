import { DiskError } from '@varve/core/problems/disk-error'
import type { AgentCommand, ControllerStart, SeenController } from '@varve/protocol/agent'
import type { Identity } from '@varve/protocol/identity'
import { installSystems } from '@varve/protocol/install-systems'
import type { Membership } from '@varve/protocol/trust'
import type { Secrets } from '@varve/trust/secrets'
import { installLines, joinByTokenCommand, type ListeningAt } from '../agents/join-command.ts'
import type { ReleaseState } from '../install/releases.ts'
import type { Services } from '../router/context.ts'
import { openAuthority, type Credentials } from './authority.ts'
import { createMembers } from './members.ts'
import { addStart, wasRestored } from './starts.ts'
import { openTrustDatabase, pruneTrust } from './trust-store.ts'

/** What trust does to the rest of the controller. */
export interface TrustEffects {
  /** Ends the connection of a host's agent. */
  readonly cut: (host: string, reason: string) => void
  readonly sendAll: (command: AgentCommand) => void
  /** Fails what a host does for runs, and ends what others read from it. */
  readonly endWork: (host: string, error: DiskError) => void
  /** Tells of it in the activity. */
  readonly note: (host: string, title: string) => void
  readonly joinedAt: () => ListeningAt
  /** What a host can install. */
  readonly releases: () => Promise<ReleaseState>
}

/** Trust of the fleet, as the wire, the sessions and people need it. */
export interface FleetTrust {
  readonly fleet: string
  readonly service: Services['trust']
  /** Of this process. */
  readonly start: ControllerStart
  /** Whether the agent has seen what this controller knows nothing of. */
  wasRestored(seen: SeenController, lastCommand: number): boolean
  /** PEM, the one that signs first. */
  rootCertificates(): string[]
  /** Serial numbers of certificates that let nobody in any more. */
  barred(): string[]
  /** Of the controller itself; renewed by itself, `onChange` is told then and when the roots change. */
  credentials(): Credentials
  /** Throws `refused` unless who shows this may speak for the host. */
  admit(host: string, identity: Identity): void
  /** Stops a certificate that two use at once. */
  stopClone(host: string, identity: Extract<Identity, { kind: 'agent' }>): void
  renew(host: string, identity: Identity, request: string): Promise<Membership>
  connect(effects: TrustEffects): void
  close(): void
}

export interface FleetTrustOptions {
  /** Path of the database. */
  readonly path: string
  readonly secrets: Secrets
  /** Names and addresses that the controller is reached by. */
  readonly reachedBy: readonly string[]
  /** Whether plain text is spoken beyond this machine. */
  readonly isOpen: boolean
  readonly onChange: () => void
  readonly onError: (error: unknown) => void
  readonly now?: () => number
}

const notServed = installSystems.map((system) => ({
  system,
  line: null,
  reason: 'the controller does not listen yet',
}))

const upkeepMs = 3_600_000
/** What ended is listed for so long. */
const keepMs = 30 * 86_400_000

/** Opens who belongs to the fleet; throws `refused` when its keys cannot be opened. */
export async function openFleetTrust(options: FleetTrustOptions): Promise<FleetTrust> {
  const { now = () => Date.now(), reachedBy, onChange, onError } = options
  const db = openTrustDatabase(options.path)
  try {
    const authority = await openAuthority({ db, secrets: options.secrets, now })
    const start = addStart(db, new Date(now()).toISOString())
    const members = createMembers({ db, authority, now })
    let own = await authority.own(reachedBy)
    let madeAt = now()
    let effects: TrustEffects | null = null
    const rootCertificates = () => authority.roots().map(({ certificate }) => certificate)

    /** What is due: a new certificate of its own at two thirds of the old one's life, roots that nobody needs. */
    async function keepUp(): Promise<void> {
      pruneTrust(db, new Date(now() - keepMs).toISOString())
      if (authority.retire()) tellRoots()
      if (now() > madeAt + ((own.notAfter.getTime() - madeAt) * 2) / 3) await renewOwn()
    }

    async function renewOwn(): Promise<void> {
      own = await authority.own(reachedBy)
      madeAt = now()
      onChange()
    }

    function tellRoots(): void {
      onChange()
      tellTrust()
    }

    /** Agents drop at once whoever they serve by a certificate that is barred. */
    function tellTrust(): void {
      effects?.sendAll({ kind: 'trust', roots: rootCertificates(), barred: members.barred() })
    }

    /** Cuts a host off, from the controller and from what it reads and is read from. */
    function putOut(name: string, reason: string): void {
      effects?.cut(name, reason)
      tellTrust()
      effects?.endWork(name, wasPutOut(name, reason))
    }

    const upkeep = setInterval(() => {
      keepUp().catch(onError)
    }, upkeepMs).unref()

    const service: Services['trust'] = {
      view() {
        const all = members.list()
        const [newest] = authority.roots()
        return {
          fleet: authority.fleet,
          pin: newest?.pin ?? '',
          roots: authority.roots().map(({ generation, pin, madeAt: since, notAfter }) => ({
            generation,
            pin,
            madeAt: since,
            notAfter,
            members: members.countBy(generation),
          })),
          members: all,
          tokens: members.tokens(),
          isOpen: options.isOpen,
        }
      },
      async makeToken({ pattern, validSeconds }) {
        // What may fail comes first: a token that nobody was shown is of no use.
        const state = await effects?.releases()
        const { text, token } = members.makeToken({ pattern, validMs: validSeconds * 1000 })
        const command = effects ? joinByTokenCommand(effects.joinedAt(), text) : text
        const install =
          effects && state ? installLines(effects.joinedAt(), { state, token: text, pattern }) : notServed
        return { token, text, command, install }
      },
      cancelToken: (id) => members.cancelToken(id),
      async join(request) {
        const joined = await members.join(request)
        // Whoever had the name before is not in the fleet any more.
        putOut(joined.name, 'another host has joined under its name')
        effects?.note(joined.name, `${joined.name} joined the fleet`)
        return joined
      },
      roots: () => ({ fleet: authority.fleet, roots: rootCertificates() }),
      async certify(tool) {
        const made = await members.certify(tool)
        effects?.note(
          tool.name,
          `The tool ${tool.name} has a certificate of the fleet, until ${made.notAfter}`,
        )
        return made
      },
      revoke(name) {
        members.revoke(name, 'revoked by a person')
        putOut(name, 'its certificate was revoked')
        effects?.note(name, `${name} was put out of the fleet: its certificate is revoked`)
      },
      allow(name) {
        members.allow(name)
        tellTrust()
        effects?.note(name, `${name} may come back: its certificate is in use again`)
      },
      async rotate() {
        // Keys of which nobody has a certificate any more make room.
        authority.retire()
        await authority.rotate()
        await renewOwn()
        tellRoots()
        return service.view()
      },
    }

    return {
      fleet: authority.fleet,
      service,
      start,
      wasRestored: (seen, lastCommand) => wasRestored(db, seen, lastCommand),
      rootCertificates,
      barred: () => members.barred(),
      credentials: () => own,
      admit(host, identity) {
        if (identity.kind === 'agent' && identity.host === host) {
          if (members.stopUnknown(identity))
            effects?.note(host, `${host} has a certificate that was made since the backup: a person decides`)
          members.admit(identity)
        } else if (identity.kind === 'agent') throw notItsName(host, identity.host)
        else if (members.isTaken(host)) throw needsCertificate(host)
      },
      stopClone(host, identity) {
        members.stop(identity.host, 'two hosts use it at the same time: one is a copy of the other')
        putOut(host, 'its certificate is used by two hosts')
        effects?.note(host, `${host} was stopped: two hosts use its certificate at the same time`)
      },
      async renew(host, identity, request) {
        if (identity.kind !== 'agent') throw needsCertificate(host)
        return members.renew(identity, request)
      },
      connect(given) {
        effects = given
      },
      close() {
        clearInterval(upkeep)
        db.$client.close()
      },
    }
  } catch (error) {
    db.$client.close()
    throw error
  }
}

function notItsName(asked: string, own: string): DiskError {
  return new DiskError('refused', {
    file: asked,
    reason: `the certificate that was shown is of ${own}`,
    remedy: `Start the agent with --name ${own}, or join it anew as ${asked}.`,
  })
}

function wasPutOut(host: string, reason: string): DiskError {
  return new DiskError('refused', {
    file: host,
    reason: `${host} was put out of the fleet: ${reason}`,
    remedy: 'varve agents lists who belongs to it. Start anew with a host that does.',
  })
}

function needsCertificate(host: string): DiskError {
  return new DiskError('refused', {
    file: host,
    reason: 'a host of that name has joined with a certificate, and none was shown',
    remedy: 'Start the agent with the --data folder in which it joined, or give this one another name.',
  })
}
