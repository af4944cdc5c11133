import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { createSecureContext } from 'node:tls'
import { parseArgs } from 'node:util'
import { z } from 'zod'
import { systemClock, type Clock } from './clock.ts'
import { parseNetworks } from './agents/serving-address.ts'
import { ownAccessFolder } from '@varve/trust/own-folders'
import { readSingleSignOn } from './people/single-sign-on-settings.ts'
import type { SingleSignOn } from './people/single-sign-on.ts'
import { parseNames } from './http/own-names.ts'
import { packageFolder } from './package.ts'

/** Settings of the controller, from flags, then `VARVE_*`, then defaults. */
export interface Config {
  readonly port: number
  readonly host: string
  /** Names and addresses that it is reached by, beside those of its machine. */
  readonly names: readonly string[]
  /** Speaks plain text with other machines too: for networks that are trusted. */
  readonly plainText: boolean
  /** Whether people sign in; not: everybody who reaches it is an admin, on this machine or, with `plainText`, anywhere. */
  readonly signIn: boolean
  /** Where people of an organization sign in; null: here only. */
  readonly singleSignOn: SingleSignOn | null
  /** Folder in which who runs this finds how to be let in; null: none is written. */
  readonly accessFolder: string | null
  /** Under which the keys in the data folder lie; null: under a key file beside them. */
  readonly passphrase: string | null
  /** What browsers are shown, PEM; null: the certificate of the fleet. */
  readonly webCertificate: { readonly key: string; readonly cert: string } | null
  /** Networks at which agents may serve exports beside the address that they are connected from. */
  readonly agentNetworks: readonly string[]
  /** Folder of everything the controller writes. */
  readonly data: string
  /** Folder of the release that hosts are given, and file of the public key that it has to be signed by. */
  readonly releases: string
  readonly releaseKey: string
  /** Folder of the built dashboard. */
  readonly dashboard: string
  readonly logLevel: string
  /** How long an agent may be away before its jobs fail. */
  readonly graceMs: number
  readonly ping: { readonly everyMs: number; readonly waitMs: number }
  /** How long an agent may take to confirm a cancel, and from its hello to its stream of commands. */
  readonly cancelMs: number
  readonly subscribeMs: number
  /** Shortest time between two events of one migration or host. */
  readonly eventMs: number
  readonly keepEvents: number
  /** Changes of a host's images within so long are one line of the activity. */
  readonly gatherMs: number
  /** Wait before the second attempt of a step; it doubles up to ten seconds. */
  readonly retryMs: number
  /** Migrations that run at the same time. */
  readonly concurrency: number
  /** Images of one host that schedules verify at the same time. */
  readonly verifyAtOnce: number
  /** Of what waits for hours and days. */
  readonly clock: Clock
}

const defaultData = join('.varve', 'controller')
const defaultDashboard = join(packageFolder, '../../apps/dashboard/dist')

const Values = z.object({
  port: z.coerce.number().int().min(0).max(65_535),
  host: z.string().min(1),
  data: z.string().min(1),
  dashboard: z.string().min(1),
  logLevel: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']),
  grace: z.coerce.number().min(0).max(86_400),
})

/** The settings with what is given; for tests and for `readConfig`. */
export function makeConfig(given: Partial<Config> & Pick<Config, 'data'>): Config {
  return Object.freeze({
    port: 7070,
    host: '127.0.0.1',
    names: [],
    plainText: false,
    signIn: true,
    singleSignOn: null,
    accessFolder: null,
    passphrase: null,
    webCertificate: null,
    agentNetworks: [],
    releases: join(given.data, 'releases'),
    releaseKey: join(given.data, 'release.pub'),
    dashboard: defaultDashboard,
    logLevel: 'info',
    graceMs: 60_000,
    ping: { everyMs: 3000, waitMs: 4000 },
    cancelMs: 10_000,
    subscribeMs: 10_000,
    eventMs: 250,
    keepEvents: 50_000,
    gatherMs: 3000,
    retryMs: 500,
    concurrency: 8,
    verifyAtOnce: 1,
    clock: systemClock,
    ...given,
  })
}

export const usage = `varve controller: keeps the inventory of a fleet, carries out migrations, serves the dashboard

  --port N               where it listens (default: 7070; 0: any free port)           VARVE_PORT
  --host ADDRESS         on which address (default: 127.0.0.1)                        VARVE_HOST
  --name NAME            a name or address that it is reached by, beside those of
                         its machine; may be repeated                                 VARVE_NAMES
  --plain-text           speaks plain text with other machines too: passwords and
                         disks can be read on the way                                 VARVE_PLAIN_TEXT=yes
  --no-sign-in           everybody on this machine is an admin, with --plain-text
                         everybody who reaches it                                     VARVE_NO_SIGN_IN=yes
  --single-sign-on FILE  lets people sign in by OpenID Connect (docs/people.md)       VARVE_SINGLE_SIGN_ON
  --passphrase-file FILE keeps its keys under a passphrase                            VARVE_PASSPHRASE_FILE
  --web-certificate FILE what browsers are shown, with --web-key FILE (PEM)           VARVE_WEB_CERTIFICATE, VARVE_WEB_KEY
  --data FOLDER          what it keeps (default: .varve/controller)                   VARVE_DATA
  --dashboard FOLDER     the built dashboard (default: apps/dashboard/dist)           VARVE_DASHBOARD
  --releases FOLDER      a signed release that hosts install from (default: releases
                         in the folder of --data)                                     VARVE_RELEASES
  --release-key FILE     public key that it has to be signed by (default: release.pub
                         in the folder of --data)                                     VARVE_RELEASE_KEY
  --agent-network NET    where agents may serve images beside the address that they
                         are connected from, as 10.1.0.0/16; may be repeated          VARVE_AGENT_NETWORKS
  --agent-grace SECONDS  how long an agent may be away with its jobs (default: 60)    VARVE_AGENT_GRACE
  --log-level LEVEL      trace, debug, info, warn, error, silent (default: info)      VARVE_LOG_LEVEL
  --help

varve controller backup, restore and support have --help of their own.
`

/** Reads flags and environment; throws a sentence for people when a value is not possible. Null: help was asked for. */
export function readConfig(args: readonly string[], env: NodeJS.ProcessEnv = process.env): Config | null {
  const { values } = parseArgs({
    args: [...args],
    options: {
      port: { type: 'string' },
      host: { type: 'string' },
      data: { type: 'string' },
      dashboard: { type: 'string' },
      releases: { type: 'string' },
      'release-key': { type: 'string' },
      'log-level': { type: 'string' },
      'agent-grace': { type: 'string' },
      'agent-network': { type: 'string', multiple: true },
      name: { type: 'string', multiple: true },
      'plain-text': { type: 'boolean' },
      'no-sign-in': { type: 'boolean' },
      'single-sign-on': { type: 'string' },
      'passphrase-file': { type: 'string' },
      'web-certificate': { type: 'string' },
      'web-key': { type: 'string' },
      help: { type: 'boolean' },
    },
  })
  if (values.help === true) return null
  const parsed = Values.safeParse({
    port: values.port ?? env['VARVE_PORT'] ?? '7070',
    host: values.host ?? env['VARVE_HOST'] ?? '127.0.0.1',
    data: values.data ?? env['VARVE_DATA'] ?? defaultData,
    dashboard: values.dashboard ?? env['VARVE_DASHBOARD'] ?? defaultDashboard,
    logLevel: values['log-level'] ?? env['VARVE_LOG_LEVEL'] ?? 'info',
    grace: values['agent-grace'] ?? env['VARVE_AGENT_GRACE'] ?? '60',
  })
  const agentNetworks =
    values['agent-network'] ?? env['VARVE_AGENT_NETWORKS']?.split(',').filter(Boolean) ?? []
  parseNetworks(agentNetworks)
  const names = parseNames(values.name ?? env['VARVE_NAMES']?.split(',').filter(Boolean) ?? [])
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    throw new Error(`The setting ${issue?.path.join('.') ?? ''} is not possible: ${issue?.message ?? ''}.`)
  }
  const { grace, data, dashboard, ...rest } = parsed.data
  return makeConfig({
    ...rest,
    names,
    agentNetworks,
    plainText: values['plain-text'] ?? env['VARVE_PLAIN_TEXT'] === 'yes',
    signIn: !(values['no-sign-in'] ?? env['VARVE_NO_SIGN_IN'] === 'yes'),
    singleSignOn: readSingleSignOn(values['single-sign-on'] ?? env['VARVE_SINGLE_SIGN_ON']),
    accessFolder: ownAccessFolder(env),
    passphrase: passphraseOf(values['passphrase-file'] ?? env['VARVE_PASSPHRASE_FILE'], env),
    webCertificate: webCertificateOf(
      values['web-certificate'] ?? env['VARVE_WEB_CERTIFICATE'],
      values['web-key'] ?? env['VARVE_WEB_KEY'],
    ),
    data: resolve(data),
    releases: resolve(values.releases ?? env['VARVE_RELEASES'] ?? join(data, 'releases')),
    releaseKey: resolve(values['release-key'] ?? env['VARVE_RELEASE_KEY'] ?? join(data, 'release.pub')),
    dashboard: resolve(dashboard),
    graceMs: grace * 1000,
  })
}

/** The first line of the file, or what the environment says; null: there is none. */
function passphraseOf(file: string | undefined, env: NodeJS.ProcessEnv): string | null {
  if (file !== undefined) return firstLineOf('--passphrase-file', file)
  const given = env['VARVE_PASSPHRASE'] ?? null
  if (given?.trim() === '')
    throw new Error('VARVE_PASSPHRASE is empty: give it a passphrase, or take it away.')
  return given
}

/** The first line of a file that holds a secret; throws a sentence for people. */
export function firstLineOf(flag: string, file: string): string {
  const [line = ''] = readSetting(flag, file).split('\n', 1)
  if (line.trim() === '') throw new Error(`${flag} ${file}: its first line is empty.`)
  return line.replace(/\r$/u, '')
}

/** What commands beside serving take from their environment. */
export interface KeepingEnvironment {
  readonly data: string
  /** Of a backup. */
  readonly passphrase: string | null
  /** All `VARVE_*`; of those that are secrets only that they are set. */
  readonly settings: Readonly<Record<string, string>>
  readonly secrets: readonly string[]
  readonly now: () => number
}

/** Those that name a file are none. */
const secretSetting = /PASSPHRASE$|PASSWORD|SECRET|TOKEN|^VARVE_KEY$/u

export function keepingEnvironment(env: NodeJS.ProcessEnv = process.env): KeepingEnvironment {
  const own = Object.entries(env).flatMap(([name, value]) =>
    name.startsWith('VARVE_') && value !== undefined ? [[name, value] as const] : [],
  )
  const isSecret = (name: string) => secretSetting.test(name)
  return {
    settings: Object.fromEntries(own.map(([name, value]) => [name, isSecret(name) ? '[redacted]' : value])),
    secrets: own.flatMap(([name, value]) => (isSecret(name) ? [value] : [])),
    data: env['VARVE_DATA'] ?? defaultData,
    passphrase: env['VARVE_BACKUP_PASSPHRASE'] ?? null,
    now: Date.now,
  }
}

function webCertificateOf(cert: string | undefined, key: string | undefined): Config['webCertificate'] {
  if (cert === undefined && key === undefined) return null
  if (cert === undefined || key === undefined) throw new Error('--web-certificate and --web-key go together.')
  const pair = { cert: readSetting('--web-certificate', cert), key: readSetting('--web-key', key) }
  try {
    createSecureContext(pair)
    return pair
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new Error(`--web-certificate ${cert} and --web-key ${key} cannot be used: ${reason}.`, {
      cause: error,
    })
  }
}

/** The text of a file that a flag names; throws a sentence for people. */
export function readSetting(flag: string, file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new Error(`${flag} ${file} cannot be read: ${reason}.`, { cause: error })
  }
}
