import { hostname } from 'node:os'
import { dirname, isAbsolute, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { parseVolumeAddress, volumeDevice } from '@varve/core/image/volume-address'
import { HostName } from '@varve/protocol/primitives'
import { z } from 'zod'

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
  logLevel: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']),
})
export type AgentConfig = Readonly<z.infer<typeof AgentConfig>>

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
  const data = flags.data ?? env['VARVE_AGENT_DATA']
  const outcome = AgentConfig.safeParse({
    controller: controllerUrl(flags.controller ?? env['VARVE_CONTROLLER'] ?? 'http://127.0.0.1:7070'),
    name: flags.name ?? env['VARVE_AGENT_NAME'] ?? hostNameOf(hostname()),
    libraries: libraries.map(parseLibrary),
    nbdHost: flags['nbd-host'] ?? env['VARVE_NBD_HOST'] ?? '127.0.0.1',
    data: data === undefined ? null : resolve(data),
    logLevel: flags['log-level'] ?? env['VARVE_LOG_LEVEL'] ?? 'info',
  })
  if (!outcome.success) {
    const [issue] = outcome.error.issues
    throw new ConfigError(`${issue?.path.join('.') ?? 'configuration'}: ${issue?.message ?? 'not valid'}`)
  }
  const names = new Set(outcome.data.libraries.map(({ name }) => name))
  if (names.size < outcome.data.libraries.length) throw new ConfigError('two libraries have the same name')
  return Object.freeze(outcome.data)
}

function parseFlags(args: readonly string[]) {
  try {
    return parseArgs({
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
    }).values
  } catch (error) {
    throw new ConfigError(error instanceof Error ? error.message : String(error), { cause: error })
  }
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
