import { hostname } from 'node:os'
import { dirname, isAbsolute, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { parseVolumeAddress, volumeDevice } from '@varve/core/image/volume-address'
import { isDiskError } from '@varve/core/problems/disk-error'
import { ownAccessFolder } from '@varve/trust/own-folders'
import { HostName } from '@varve/protocol/primitives'
import { Build } from '@varve/protocol/updates'
import { z } from 'zod'
import type { Installation } from './update/self-update.ts'
import { defaultDataFolder, readMembership, type KeptMembership } from './trust/membership-file.ts'

const LibraryConfig = z.object({
  name: z
    .string()
    .min(1)
    .max(100)
    .regex(/^[\w][\w .-]*$/u, 'a library name has letters, digits, spaces, dots, dashes'),
  path: z.string().min(1).refine(isAbsolute),
})

const AgentConfig = z.object({
  controller: z.url({ protocol: /^wss?$/u }),
  name: HostName,
  libraries: z.array(LibraryConfig).min(1).max(200),
  /** Address on which this agent serves its disks, as the other agents reach it. */
  nbdHost: z.string().min(1).max(253),
  /** Folder for what the agent keeps between starts; null: nothing is kept. */
  data: z.string().nullable(),
  /** Where controllers of this user say how they let it in. */
  accessFolder: z.string(),
  logLevel: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']),
})
/** With what it is in its fleet; null: it speaks plain text. */
export type AgentConfig = Readonly<z.infer<typeof AgentConfig>> & {
  readonly membership: KeptMembership | null
  /** Null: it was installed so that the fleet cannot update it. */
  readonly installation: Installation | null
}

/** A mistake in flags or environment, in one sentence for the person who started the agent. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

export const usage = `varve agent: serves the disk images of this host to a Varve controller

  --controller URL       where the controller is, such as http://127.0.0.1:7070   VARVE_CONTROLLER
  --name NAME            name of this host in the fleet (default: the host name)  VARVE_AGENT_NAME
  --library NAME=FOLDER  a folder of images; repeatable                           VARVE_LIBRARIES (one per line)
  --library NAME=lvm:VG  the volumes of a volume group; zfs:POOL those of ZFS (Linux)
  --nbd-host ADDRESS     where other agents reach this one (default: 127.0.0.1)   VARVE_NBD_HOST
  --data FOLDER          what the agent keeps between starts                      VARVE_AGENT_DATA
  --log-level LEVEL      trace, debug, info, warn, error, silent (default: info)  VARVE_LOG_LEVEL
  --help

varve agent join URL TOKEN: makes this host a member of the controller's fleet, once; from then on it shows its certificate

  --name NAME            its name in the fleet (default: the host name)           VARVE_AGENT_NAME
  --data FOLDER          where its key is kept (default: ${defaultDataFolder(process.env)})
                         the token may stand in the environment                   VARVE_JOIN_TOKEN
`

/** Reads flags, then environment, then defaults; throws `ConfigError`. Null: help was asked for. */
export function readConfig(
  args: readonly string[] = process.argv.slice(2),
  env: Readonly<Record<string, string | undefined>> = process.env,
): AgentConfig | null {
  const flags = parseFlags(args)
  if (flags.help === true) return null
  const libraries = flags.library ?? (env['VARVE_LIBRARIES'] ?? '').split('\n').filter((line) => line !== '')
  if (libraries.length === 0)
    throw new ConfigError('name at least one folder of images: --library NAME=FOLDER')
  const { data, membership } = dataOf(flags.data ?? env['VARVE_AGENT_DATA'], env)
  const controller = flags.controller ?? env['VARVE_CONTROLLER']
  const name = flags.name ?? env['VARVE_AGENT_NAME']
  if (membership && name !== undefined && name !== membership.name)
    throw new ConfigError(
      `--name ${name}: this host joined its fleet as ${membership.name}; leave the name out, or join anew`,
    )
  const outcome = AgentConfig.safeParse({
    controller:
      membership === null
        ? controllerUrl(controller ?? 'http://127.0.0.1:7070')
        : secured(controllerUrl(controller ?? membership.controller)),
    name: membership?.name ?? name ?? hostNameOf(hostname()),
    libraries: libraries.map(parseLibrary),
    accessFolder: ownAccessFolder(env),
    nbdHost: flags['nbd-host'] ?? env['VARVE_NBD_HOST'] ?? '127.0.0.1',
    data,
    logLevel: flags['log-level'] ?? env['VARVE_LOG_LEVEL'] ?? 'info',
  })
  if (!outcome.success) {
    const [issue] = outcome.error.issues
    throw new ConfigError(`${issue?.path.join('.') ?? 'configuration'}: ${issue?.message ?? 'not valid'}`)
  }
  const names = new Set(outcome.data.libraries.map(({ name }) => name))
  if (names.size < outcome.data.libraries.length) throw new ConfigError('two libraries have the same name')
  return Object.freeze({ ...outcome.data, membership, installation: installationOf(env) })
}

/** Whether the environment names libraries. */
export function namesLibraries(env: Readonly<Record<string, string | undefined>> = process.env): boolean {
  return (env['VARVE_LIBRARIES'] ?? '') !== ''
}

/** What `start.sh` of the installation says. */
function installationOf(env: Readonly<Record<string, string | undefined>>): Installation | null {
  const { VARVE_INSTALLED: home = '', VARVE_BUILD: build } = env
  return isAbsolute(home) && Build.safeParse(build).success ? { home, build: Build.parse(build) } : null
}

/** The folder of what is kept, and what the host is in its fleet; without a folder, that of an earlier `join`. */
function dataOf(given: string | undefined, env: Readonly<Record<string, string | undefined>>) {
  try {
    const folder = given === undefined ? defaultDataFolder(env) : resolve(given)
    const membership = readMembership(folder)
    return { data: given === undefined && membership === null ? null : folder, membership }
  } catch (error) {
    if (!isDiskError(error)) throw error
    throw new ConfigError(`${error.message}. ${error.remedy}`, { cause: error })
  }
}

/** How a host joins a fleet: `join URL TOKEN`, with the name and the folder that it will run with. */
export interface JoinCommand {
  readonly url: string
  readonly token: string
  readonly name: string
  readonly folder: string
}

/** Reads `join URL TOKEN [--name NAME] [--data FOLDER]`; throws `ConfigError`. Null: help was asked for. */
export function readJoin(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>> = process.env,
): JoinCommand | null {
  const { values, positionals } = parsed(() =>
    parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { name: { type: 'string' }, data: { type: 'string' }, help: { type: 'boolean' } },
    }),
  )
  if (values.help === true) return null
  const [url, token = env['VARVE_JOIN_TOKEN'], ...more] = positionals
  if (url === undefined || token === undefined || more.length > 0)
    throw new ConfigError('write it as: varve agent join URL TOKEN [--name NAME] [--data FOLDER]')
  const name = HostName.safeParse(values.name ?? env['VARVE_AGENT_NAME'] ?? hostNameOf(hostname()))
  if (!name.success) throw new ConfigError(`--name: ${name.error.issues[0]?.message ?? 'not valid'}`)
  const data = values.data ?? env['VARVE_AGENT_DATA']
  return { url, token, name: name.data, folder: data === undefined ? defaultDataFolder(env) : resolve(data) }
}

function secured(url: string): string {
  return url.replace(/^ws:/u, 'wss:')
}

function parsed<T>(parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    throw new ConfigError(error instanceof Error ? error.message : String(error), { cause: error })
  }
}

function parseFlags(args: readonly string[]) {
  return parsed(
    () =>
      parseArgs({
        args: [...args],
        options: {
          controller: { type: 'string' },
          name: { type: 'string' },
          library: { type: 'string', multiple: true },
          'nbd-host': { type: 'string' },
          data: { type: 'string' },
          'log-level': { type: 'string' },
          help: { type: 'boolean' },
        },
      }).values,
  )
}

function parseLibrary(text: string): { name: string; path: string } {
  const at = text.indexOf('=')
  if (at < 1) throw new ConfigError(`--library ${text}: write it as NAME=FOLDER`)
  const place = text.slice(at + 1)
  return { name: text.slice(0, at), path: folderOfVolumes(place) ?? resolve(place) }
}

/** Where the devices of a volume group, or of a pool or dataset of ZFS, are; null: it is a folder. */
function folderOfVolumes(place: string): string | null {
  const [, kind, parent = ''] = /^(lvm|zfs):(.*)$/u.exec(place) ?? []
  if (kind === undefined) return null
  const example = parseVolumeAddress(`${place}/volume`)
  if (example === null || (kind === 'lvm' && parent.includes('/')))
    throw new ConfigError(`--library …=${place}: write it as lvm:VG, zfs:POOL or zfs:POOL/DATASET`)
  return dirname(volumeDevice(example))
}

/** The WebSocket address of the controller's API; `http` and `https` addresses are accepted too. */
function controllerUrl(text: string): string {
  if (!URL.canParse(text)) throw new ConfigError(`--controller ${text}: not a web address`)
  const url = new URL(text)
  const protocols: Readonly<Record<string, string>> = { 'http:': 'ws:', 'https:': 'wss:' }
  url.protocol = protocols[url.protocol] ?? url.protocol
  if (url.pathname === '/') url.pathname = '/trpc'
  return url.href
}

function hostNameOf(name: string): string {
  return name
    .toLowerCase()
    .replace(/\..*$/u, '')
    .replaceAll(/[^a-z0-9-]+/gu, '-')
    .replace(/^-+/u, '')
    .slice(0, 63)
}
