import { existsSync } from 'node:fs'
import { isIP } from 'node:net'
import { hostname, networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { DiskError } from '@varve/core/problems/disk-error'
import type { SignInLink } from '@varve/protocol/people'
import {
  localAccessFile,
  localAccessName,
  makeLocalKey,
  removeLocalAccess,
  writeLocalAccess,
  type LocalAccess,
} from '@varve/trust/local-access'
import { keyFileName, openSecrets } from '@varve/trust/secrets'
import Database from 'better-sqlite3'
import { pino } from 'pino'
import type { Config } from './config.ts'
import { openDataFolder, StartError, type DataFolder } from './data-folder.ts'
import { isLoopbackName } from './http/guard.ts'
import { createHttpServer, type HttpServer } from './http/server.ts'
import type { WireTrust } from './http/wire.ts'
import { createReleases, type Releases } from './install/releases.ts'
import { openPeople } from './people/people.ts'
import { createController } from './services.ts'
import { openFleetTrust, type FleetTrust } from './trust/fleet-trust.ts'

/** A controller that runs in this process. */
export interface RunningController {
  /** Such as `http://127.0.0.1:7070`. */
  readonly url: string
  /** Signs in who starts it, once; null: somebody has signed in before, or nobody needs to. */
  firstLink(): Promise<SignInLink | null>
  /** Stops it; migrations are left as they are and go on at the next start. */
  close(): Promise<void>
}

/** Starts a controller; throws `StartError` with a sentence for people when that cannot be. */
export async function startController(config: Config): Promise<RunningController> {
  const logger = pino({ level: config.logLevel }, pino.destination({ dest: 2, sync: true }))
  const folder = openDataFolder(config.data)
  try {
    return await startIn(folder, config, logger)
  } catch (error) {
    folder.release()
    throw asStartError(error, config)
  }
}

async function startIn(folder: DataFolder, config: Config, logger: pino.Logger): Promise<RunningController> {
  let server: HttpServer | null = null
  assertKeyIsThere(folder, config)
  const secrets = openSecrets(config.data, { passphrase: config.passphrase })
  const trust = await openFleetTrust({
    path: folder.trust,
    secrets,
    reachedBy: namesOf(config),
    isOpen: config.plainText && !isLoopbackName(config.host),
    onChange: () => server?.setTrust(wireTrustOf(trust)),
    onError: (error) => logger.error({ err: error }, 'the upkeep of certificates failed'),
  })
  await using stack = new AsyncDisposableStack()
  stack.defer(() => trust.close())
  const people = await openPeople({
    path: folder.people,
    secrets,
    singleSignOn: config.singleSignOn,
    isSignInOff: !config.signIn,
    logger,
  })
  stack.defer(() => people.close())
  const releases = createReleases({
    folder: config.releases,
    keyFile: config.releaseKey,
    fleet: trust.fleet,
  })
  const controller = createController(config, folder, {
    logger,
    trust,
    secrets,
    releases,
    people,
  })
  stack.defer(() => controller.stop())
  const { services, manifests, streams, hearing, courtesy } = controller
  const localKey = makeLocalKey()
  const wire = { trust: wireTrustOf(trust), web: config.webCertificate }
  server = await createHttpServer({
    config,
    logger,
    wire,
    services,
    people,
    localKey,
    manifests,
    streams,
    hearing,
    courtesy,
    releases,
  })
  stack.defer(() => server?.close())
  await controller.settle()
  const url = await server.listen()
  people.connect({ cut: (who, reason) => server?.cut(who, reason), url: () => url })
  await controller.start(url)
  stack.defer(
    keepAccess(config, {
      url: reachedHere(config.host, url),
      key: localKey,
      ...(!isLoopbackName(config.host) && {
        fleet: { fleet: trust.fleet, roots: trust.rootCertificates() },
      }),
    }),
  )
  tellReleases(releases, config, logger)
  logger.info({ url, data: config.data }, 'listening')
  const running = stack.move()
  let closing: Promise<void> | null = null
  const close = async () => {
    await running.disposeAsync()
    folder.release()
  }
  const firstLink = isLoopbackName(config.host) ? () => people.firstLink() : async () => null
  return { url, firstLink, close: () => (closing ??= close()) }
}

/** Proves the release before the first host asks, and says why hosts are given none. */
function tellReleases(releases: Releases, { releases: folder }: Config, logger: pino.Logger): void {
  if (!existsSync(folder)) return
  releases.state().then(
    ({ release, reason }) =>
      release
        ? logger.info({ folder, version: release.version }, 'hosts can install this release')
        : logger.warn({ folder, reason }, 'no release is served'),
    (error: unknown) => logger.error({ err: error }, 'the releases could not be looked at'),
  )
}

const wildcards = new Set(['0.0.0.0', '::', '[::]'])

/** Where it is reached from its own machine: what listens everywhere says one of many addresses of itself. */
function reachedHere(host: string, url: string): string {
  return wildcards.has(host) ? `http://127.0.0.1:${new URL(url).port}` : new URL(url).origin
}

/** Writes by what who runs this is let in, and gives what takes it away. */
function keepAccess(config: Config, access: LocalAccess): () => void {
  const paths = [
    join(config.data, localAccessName),
    ...(config.accessFolder === null
      ? []
      : [localAccessFile(Number(new URL(access.url).port), config.accessFolder)]),
  ]
  for (const path of paths) writeLocalAccess(path, access)
  return () => {
    for (const path of paths) removeLocalAccess(path, access)
  }
}

/** A new key opens nothing of a fleet that is there: it must not take the place of the one that does. */
function assertKeyIsThere({ trust }: DataFolder, { data }: Config): void {
  const key = join(data, keyFileName)
  if (!existsSync(trust) || existsSync(key)) return
  throw new StartError(
    `${key} is missing, without which the keys of the fleet in ${trust} cannot be opened: put it back from the backup that has both; or move ${trust} away together with its -wal and -shm files, which founds the fleet anew: every host has to join it again.`,
  )
}

function wireTrustOf(trust: FleetTrust): WireTrust {
  return { fleet: trust.fleet, ...trust.credentials(), ca: trust.rootCertificates() }
}

/** Names and addresses that this controller may be reached by. */
function namesOf({ host, names }: Config): string[] {
  const addresses = Object.values(networkInterfaces()).flatMap((found = []) =>
    found.map(({ address }) => address),
  )
  const all = [
    'localhost',
    ...addresses.filter((address) => !address.includes('%')),
    hostname(),
    ...names,
    host,
  ]
  return [...new Set(all.map((name) => name.toLowerCase()))].filter(
    (name) => isIP(name) !== 0 || isDnsName(name),
  )
}

function isDnsName(name: string): boolean {
  return /^(?!-)[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63})*$/u.test(name) && name.length <= 253
}

function asStartError(error: unknown, config: Config): unknown {
  if (error instanceof DiskError) return new StartError(`${error.message}. ${error.remedy}`)
  const code = error instanceof Error && 'code' in error ? error.code : null
  const place = `${config.host}:${config.port}`
  if (code === 'EADDRINUSE') {
    return new StartError(
      `Port ${config.port} on ${config.host} is taken: stop what listens there, or choose another one with --port.`,
    )
  }
  if (code === 'EACCES')
    return new StartError(`This user may not listen on ${place}: choose a port above 1023 with --port.`)
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return new StartError(`There is no address ${config.host}: choose another one with --host.`)
  if (code === 'EADDRNOTAVAIL')
    return new StartError(`This machine has no address ${config.host}: choose another one with --host.`)
  const damage = damageOf(error, config)
  if (damage !== null) return damage
  if (typeof code === 'string' && code.startsWith('SQLITE_')) {
    const reason = error instanceof Error ? error.message : code
    return new StartError(`The inventory in ${config.data} cannot be opened: ${reason}.`)
  }
  return error
}

/** Which of the databases is damaged, with the way out; null: neither, as far as SQLite can tell. */
function damageOf(error: unknown, { data }: Config): StartError | null {
  const reason = error instanceof Error ? error.message : String(error)
  for (const [name, wayOut] of [
    [
      'inventory.sqlite',
      'restore it from a backup, or move it away together with its -wal and -shm files: the agents then tell all their images again, and only the history of migrations and proofs is gone',
    ],
    [
      'workflows.sqlite',
      'restore it together with inventory.sqlite from one backup, or move it away together with its -wal and -shm files: migrations that had not ended then begin their steps anew, and nothing that was published is touched',
    ],
    [
      'trust.sqlite',
      'restore it together with secrets.key from one backup; moved away, the fleet is founded anew and every host has to join it again',
    ],
  ] as const) {
    const path = join(data, name)
    const fault = existsSync(path) ? faultOf(path) : null
    if (fault === null) continue
    const faults = [...new Set([fault, reason])].join('; ')
    return new StartError(`${path} is damaged (${inOneLine(faults)}): ${wayOut}.`)
  }
  return null
}

/** What SQLite says against a database; null: nothing. */
function faultOf(path: string): string | null {
  try {
    const database = new Database(path, { fileMustExist: true })
    try {
      const found = database.pragma('quick_check(1)', { simple: true })
      return found === 'ok' ? null : String(found)
    } finally {
      database.close()
    }
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

function inOneLine(text: string): string {
  return text.replaceAll(/\s+/gu, ' ').slice(0, 300)
}
