import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { z } from 'zod'
import { systemClock, type Clock } from './clock.ts'
import { parseNetworks } from './agents/serving-address.ts'
import { parseNames } from './http/own-names.ts'
import { packageFolder } from './package.ts'

/** Settings of the controller, from flags, then `VARVE_*`, then defaults. */
export interface Config {
  readonly port: number
  readonly host: string
  /** Names that it is reached by beside the addresses and the name of its machine. */
  readonly names: readonly string[]
  /** Networks at which agents may serve exports beside the address that they are connected from. */
  readonly agentNetworks: readonly string[]
  /** Folder of everything the controller writes. */
  readonly data: string
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
    agentNetworks: [],
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
  --name NAME            a name that it is reached by, beside the addresses and the
                         name of its machine; may be repeated                         VARVE_NAMES
  --data FOLDER          what it keeps (default: .varve/controller)                   VARVE_DATA
  --dashboard FOLDER     the built dashboard (default: apps/dashboard/dist)           VARVE_DASHBOARD
  --agent-network NET    where agents may serve images beside the address that they
                         are connected from, as 10.1.0.0/16; may be repeated          VARVE_AGENT_NETWORKS
  --agent-grace SECONDS  how long an agent may be away with its jobs (default: 60)    VARVE_AGENT_GRACE
  --log-level LEVEL      trace, debug, info, warn, error, silent (default: info)      VARVE_LOG_LEVEL
  --help
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
      'log-level': { type: 'string' },
      'agent-grace': { type: 'string' },
      'agent-network': { type: 'string', multiple: true },
      name: { type: 'string', multiple: true },
      help: { type: 'boolean' },
    },
  })
  if (values.help === true) return null
  const parsed = Values.safeParse({
    port: values.port ?? env['VARVE_PORT'] ?? '7070',
    host: values.host ?? env['VARVE_HOST'] ?? '127.0.0.1',
    data: values.data ?? env['VARVE_DATA'] ?? join('.varve', 'controller'),
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
    data: resolve(data),
    dashboard: resolve(dashboard),
    graceMs: grace * 1000,
  })
}
