import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { DiskError } from '@varve/core/problems/disk-error'
import { FleetRoots } from '@varve/protocol/trust'
import { addressed, findLocalAccess } from '@varve/trust/local-access'
import { z } from 'zod'
import { UsageError, type CommandContext } from './command.ts'

/** What `varve login` has got at a controller. */
const Kept = z.object({
  version: z.literal(1),
  /** By the origin of the controller. */
  controllers: z.record(
    z.string().max(300),
    z.object({
      token: z.string().max(4096),
      person: z.string().max(64),
      expiresAt: z.iso.datetime(),
      /** By what its controller is known where the system does not know it. */
      fleet: FleetRoots.optional(),
    }),
  ),
})
type Kept = z.infer<typeof Kept>
export type KeptCredential = Kept['controllers'][string]

type Config = Pick<CommandContext['config'], 'key' | 'stateFolder' | 'accessFolder'>

/** By what the command is let in at a controller, and whom it believes there. */
export interface Credentials {
  readonly headers: Readonly<Record<string, string>>
  /** Null: what the system knows. */
  readonly fleet: FleetRoots | null
  /** Where the controller is asked: its own address, where it was called localhost. */
  readonly url: URL
}

/**
 * By what the command is let in at a controller: VARVE_KEY, what `varve login` has kept, or on the controller's own machine
 * the file that only its user can read. Nothing: the controller says what to do.
 */
export function credentialsFor(config: Config, url: URL): Credentials {
  const fleet = keptCredential(config, url, { evenOver: true })?.fleet ?? null
  const shown = config.key ?? keptCredential(config, url)?.token ?? null
  if (shown !== null) return { headers: bearing(shown), fleet, url }
  const access = findLocalAccess(url, config.accessFolder)
  return access === null
    ? { headers: {}, fleet, url }
    : { headers: bearing(access.key), fleet: access.fleet ?? fleet, url: addressed(url, access) }
}

function bearing(key: string): Readonly<Record<string, string>> {
  // Not shown: it is a secret, if a damaged one.
  if (!/^[\w.+/=%-]{1,4096}$/u.test(key))
    throw new UsageError('VARVE_KEY is no key: copy all of it, and nothing else.')
  return { authorization: `Bearer ${key}` }
}

/** What `varve login` has kept for a controller; `evenOver`: one whose time is over too. */
export function keptCredential(
  config: Config,
  url: URL,
  { evenOver = false }: { readonly evenOver?: boolean } = {},
): KeptCredential | null {
  const kept = readKept(config).controllers[url.origin]
  return kept !== undefined && (evenOver || Date.parse(kept.expiresAt) > Date.now()) ? kept : null
}

/** Keeps what lets the command in, for this user only; null takes it away. */
export function keepCredential(config: Config, url: URL, credential: KeptCredential | null): void {
  const path = fileOf(config)
  const { [url.origin]: _old, ...others } = readKept(config).controllers
  const controllers = credential === null ? others : { ...others, [url.origin]: credential }
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  const staged = `${path}.${process.pid}.part`
  rmSync(staged, { force: true })
  writeFileSync(staged, JSON.stringify({ version: 1, controllers }), { mode: 0o600, flag: 'wx', flush: true })
  chmodSync(staged, 0o600)
  renameSync(staged, path)
}

function fileOf({ stateFolder }: Config): string {
  return join(stateFolder, 'credentials.json')
}

/** Throws `refused` for a file that others may read; one that is damaged is none. */
function readKept(config: Config): Kept {
  const path = fileOf(config)
  const none: Kept = { version: 1, controllers: {} }
  const stats = statSync(path, { throwIfNoEntry: false })
  if (!stats) return none
  if (process.platform !== 'win32' && (stats.mode & 0o077) !== 0)
    throw new DiskError('refused', {
      file: path,
      reason: 'others on this machine may read what lets you in',
      remedy: `Take that from them: chmod 600 ${path}, and sign in anew: varve login.`,
    })
  try {
    return Kept.parse(JSON.parse(readFileSync(path, 'utf8')))
  } catch {
    return none
  }
}
