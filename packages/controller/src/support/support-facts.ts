import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { availableParallelism, release, totalmem, version } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { z } from 'zod'
import { controllerVersion } from '../package.ts'

/** What is told of a controller, by the name of its file in the bundle. */
export type SupportFacts = Readonly<Record<string, unknown>>

export interface SupportSource {
  /** The data folder. */
  readonly data: string
  /** Settings by their names; of secrets only that they are set. */
  readonly settings: Readonly<Record<string, unknown>>
  readonly now: () => number
}

const mostRuns = 50
const mostEntries = 400
const mostLines = 500

type Row = Readonly<Record<string, unknown>>

/**
 * What helps to find a fault, read from a data folder whether a controller runs on it or not. Columns are named one by one:
 * what is added to a table is not told by itself. What cannot be read is told as such, so that a damaged folder can be told of.
 */
export function supportFacts({ data, settings, now }: SupportSource): SupportFacts {
  using stack = new DisposableStack()
  const open = (name: string) => {
    const database = new Database(join(data, name), { readonly: true, fileMustExist: true })
    stack.defer(() => database.close())
    return database
  }
  const rows = (name: string, sql: string) => told(() => open(name).prepare<[], Row>(sql).all())
  return {
    versions: {
      at: new Date(now()).toISOString(),
      varve: controllerVersion,
      node: process.versions.node,
      openssl: process.versions.openssl,
      sqlite: told(() => new Database(':memory:').prepare('SELECT sqlite_version()').pluck().get()),
      system: { platform: process.platform, cpu: process.arch, release: release(), version: version() },
      processors: availableParallelism(),
      memory: totalmem(),
    },
    settings,
    folder: told(() => filesOf(data)),
    databases: Object.fromEntries(
      ['inventory.sqlite', 'workflows.sqlite', 'trust.sqlite'].map((name) => [
        name,
        told(() => conditionOf(open(name))),
      ]),
    ),
    hosts: told(() => hostsIn(open('inventory.sqlite'))),
    libraries: rows(
      'inventory.sqlite',
      'SELECT host, name, scanState, scanFinishedAt, facts FROM libraries ORDER BY host, name',
    ),
    trust: {
      roots: rows('trust.sqlite', 'SELECT generation, madeAt, retiredAt FROM roots ORDER BY generation'),
      members: rows(
        'trust.sqlite',
        'SELECT name, state, reason, madeAt, notAfter, changedAt, generation FROM members ORDER BY name, madeAt',
      ),
      tokens: rows(
        'trust.sqlite',
        'SELECT pattern, madeAt, expiresAt, usedAt, usedBy, canceledAt FROM join_tokens ORDER BY madeAt',
      ),
      starts: rows('trust.sqlite', 'SELECT number, at FROM starts ORDER BY number DESC LIMIT 50'),
    },
    runs: told(() => runsIn(open('inventory.sqlite'))),
    jobs: rows(
      'inventory.sqlite',
      `SELECT host, runId, kind, title, state FROM jobs ORDER BY rowid DESC LIMIT ${mostLines}`,
    ),
    findings: rows(
      'inventory.sqlite',
      'SELECT problem, severity, images FROM finding_totals ORDER BY problem',
    ),
    activity: rows(
      'inventory.sqlite',
      `SELECT at, subject, title FROM activity ORDER BY sequence DESC LIMIT ${mostLines}`,
    ),
  }
}

/** What `read` gives; what went wrong with it instead, when that is so. */
function told(read: () => unknown): unknown {
  try {
    return read()
  } catch (error) {
    return { notRead: error instanceof Error ? error.message : String(error) }
  }
}

/** Every file with its size and who may read it, but of folders only how much is in them. */
function filesOf(data: string): unknown {
  return readdirSync(data, { withFileTypes: true }).map((entry) => {
    const path = join(data, entry.name)
    const { size, mode, mtime } = statSync(path)
    const own = { name: entry.name, mode: (mode & 0o777).toString(8), modifiedAt: mtime.toISOString() }
    return entry.isDirectory() ? { ...own, files: readdirSync(path).length } : { ...own, size }
  })
}

function conditionOf(database: Database.Database): unknown {
  const pragma = (name: string) => database.pragma(name, { simple: true })
  const tables = database
    .prepare<[], { name: string }>("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
    .all()
  return {
    pages: pragma('page_count'),
    pageSize: pragma('page_size'),
    free: pragma('freelist_count'),
    journal: pragma('journal_mode'),
    tables: tables.map(({ name }) => name),
  }
}

/** Of what agents say of their hosts. */
function hostsIn(database: Database.Database): unknown {
  return database
    .prepare<[], Row>('SELECT name, system, connected, since, free, facts FROM hosts ORDER BY name')
    .all()
    .map(({ facts, ...host }) => ({ ...host, facts: told(() => JSON.parse(String(facts)) as unknown) }))
}

const Entry = z.object({
  event: z.string(),
  at: z.string().optional(),
  step: z.string().optional(),
  attempt: z.number().optional(),
  state: z.string().optional(),
  told: z.string().optional(),
  again: z.boolean().optional(),
  for: z.string().optional(),
  error: z.object({ code: z.string(), layer: z.string(), message: z.string(), remedy: z.string() }).nullish(),
})

/** What happened in the newest runs: not what their steps were given and gave, which is for the hosts alone. */
function runsIn(database: Database.Database): unknown {
  const entriesOf = database.prepare<[string], { entry: string }>(
    `SELECT entry FROM run_entries WHERE runId = ? ORDER BY sequence DESC LIMIT ${mostEntries}`,
  )
  return database
    .prepare<[], Row>(
      `SELECT number, id, operation, phase, startedAt, endedAt FROM runs ORDER BY number DESC LIMIT ${mostRuns}`,
    )
    .all()
    .map((run) => ({
      ...run,
      entries: entriesOf
        .all(String(run['id']))
        .reverse()
        .map(({ entry }) => told(() => Entry.parse(unwrapped(JSON.parse(entry))))),
    }))
}

const Versioned = z.object({ version: z.number(), data: z.unknown() })

function unwrapped(payload: unknown): unknown {
  const versioned = Versioned.safeParse(payload)
  return versioned.success ? versioned.data.data : payload
}

const Request = z.object({ data: z.looseObject({}) })
const mostJobs = 20_000

/** Values in a data folder that nobody else may see, whatever they look like: names of exports, sessions, hashes of tokens, keys. */
export function secretsIn(data: string): Set<string> {
  const secrets = new Set<string>()
  const add = (value: unknown) => typeof value === 'string' && secrets.add(value)
  const each = (name: string, sql: string, take: (row: Row) => void) => {
    try {
      using stack = new DisposableStack()
      const database = new Database(join(data, name), { readonly: true, fileMustExist: true })
      stack.defer(() => database.close())
      for (const row of database.prepare<[], Row>(sql).iterate()) take(row)
    } catch {
      // What cannot be read here is told of nowhere else.
    }
  }
  const addNamed = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return
    for (const [name, member] of Object.entries(value)) {
      if (/exportName|token|secret|pass|key$/iu.test(name)) add(member)
      addNamed(member)
    }
  }
  each('inventory.sqlite', 'SELECT session, instance FROM hosts', ({ session, instance }) => {
    add(session)
    add(instance)
  })
  each(
    'inventory.sqlite',
    `SELECT request, outcome FROM jobs ORDER BY rowid DESC LIMIT ${mostJobs}`,
    (row) => {
      for (const text of [row['request'], row['outcome']])
        if (typeof text === 'string') addNamed(Request.safeParse(JSON.parse(text)).data)
    },
  )
  each('trust.sqlite', 'SELECT secretHash, usedKey FROM join_tokens', ({ secretHash, usedKey }) => {
    add(secretHash)
    add(usedKey)
  })
  each('trust.sqlite', 'SELECT sealedKey FROM roots', ({ sealedKey }) => add(sealedKey))
  const key = join(data, 'secrets.key')
  if (existsSync(key)) addNamed(told(() => JSON.parse(readFileSync(key, 'utf8')) as unknown))
  return secrets
}
