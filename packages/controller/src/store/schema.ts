import { sql } from 'drizzle-orm'
import { index, integer, primaryKey, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'

/** Hosts that have ever said hello. Payloads are `{version, data}`, see `payload.ts`. */
export const hosts = sqliteTable('hosts', {
  name: text().primaryKey(),
  /** Of the agent's process that said hello last. */
  instance: text().notNull(),
  session: text().notNull(),
  /** Since when it is connected or offline. */
  since: text().notNull(),
  connected: integer({ mode: 'boolean' }).notNull().default(false),
  /** What lists are sorted by; the rest lies in `facts`. */
  system: text().notNull().default(''),
  /** Bytes under its libraries, each filesystem once; null: not known. */
  free: integer(),
  facts: text().notNull(),
})

export const libraries = sqliteTable(
  'libraries',
  {
    host: text()
      .notNull()
      .references(() => hosts.name),
    name: text().notNull(),
    facts: text().notNull(),
    scanState: text().notNull().default('unknown'),
    scanFinishedAt: text(),
    /** Kept by triggers on `images`, so that no list has to count. */
    images: integer().notNull().default(0),
    virtualBytes: integer().notNull().default(0),
    allocatedBytes: integer().notNull().default(0),
    reclaimableBytes: integer().notNull().default(0),
    /** All checksums of its images, by exclusive or; also kept by triggers. */
    digest: integer().notNull().default(0),
  },
  (table) => [primaryKey({ columns: [table.host, table.name] })],
)

/** What lists show; the whole report lies in `image_reports`, so that these rows stay small. */
export const images = sqliteTable(
  'images',
  {
    key: integer().primaryKey(),
    /** Made from host, library and name: the same file keeps its id. */
    id: text().notNull(),
    host: text().notNull(),
    library: text().notNull(),
    name: text().notNull(),
    path: text().notNull(),
    format: text().notNull(),
    subformat: text(),
    virtualSize: integer(),
    allocated: integer(),
    fileSize: integer().notNull(),
    contents: text().notNull(),
    strip: text(),
    chainLength: integer().notNull(),
    reclaimable: integer(),
    blocks: integer().notNull(),
    warns: integer().notNull(),
    infos: integer().notNull(),
    /** Sorts findings: blocking ones weigh most. */
    gravity: integer().notNull(),
    modifiedAt: text().notNull(),
    provenAt: text(),
    fingerprint: text().notNull(),
    /** The agent's checksum of the record that was taken last; 0: not known, so that the record is asked for. */
    checksum: integer().notNull().default(0),
  },
  (table) => [
    uniqueIndex('images_id').on(table.id),
    index('images_host_path').on(table.host, table.path),
    index('images_name').on(table.name, table.key),
    index('images_host_name').on(table.host, table.name, table.key),
    index('images_format_name').on(table.format, table.name, table.key),
    index('images_virtual_size').on(table.virtualSize, table.key),
    index('images_allocated').on(table.allocated, table.key),
    index('images_reclaimable').on(table.reclaimable, table.key),
    index('images_gravity').on(table.gravity, table.key),
    index('images_modified').on(table.modifiedAt, table.key),
    index('images_proven').on(table.provenAt, table.key),
  ],
)

export const imageReports = sqliteTable('image_reports', {
  key: integer()
    .primaryKey()
    .references(() => images.key, { onDelete: 'cascade' }),
  report: text().notNull(),
})

/** How far names are in the search index, see `name-index.ts`; one row. */
export const searchPlace = sqliteTable('search_place', {
  id: integer().primaryKey(),
  /** Key of the last image whose name is in it. */
  key: integer().notNull(),
})

/** Links of backing chains: `parentPath` on the same host is a file that the image needs. */
export const chains = sqliteTable(
  'chains',
  {
    imageKey: integer()
      .notNull()
      .references(() => images.key, { onDelete: 'cascade' }),
    /** 1: the direct parent. */
    depth: integer().notNull(),
    host: text().notNull(),
    parentPath: text().notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.imageKey, table.depth] }),
    index('chains_parent').on(table.host, table.parentPath, table.depth),
  ],
)

export const findings = sqliteTable(
  'findings',
  {
    imageKey: integer()
      .notNull()
      .references(() => images.key, { onDelete: 'cascade' }),
    problem: text().notNull(),
    severity: text().notNull(),
    bytes: integer(),
    sample: text().notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.imageKey, table.problem] }),
    index('findings_problem').on(table.problem, table.imageKey),
  ],
)

/** Findings by kind, kept by triggers on `findings`. */
export const findingTotals = sqliteTable('finding_totals', {
  problem: text().primaryKey(),
  severity: text().notNull(),
  images: integer().notNull(),
  bytes: integer().notNull(),
  sample: text().notNull(),
})

/** Evidence: an image had this digest at that time. Outlives the inventory's row until the file is gone. */
export const proofs = sqliteTable(
  'proofs',
  {
    key: integer().primaryKey(),
    imageId: text().notNull(),
    digest: text().notNull(),
    virtualSize: integer().notNull(),
    takenAt: text().notNull(),
  },
  (table) => [index('proofs_image').on(table.imageId, table.takenAt)],
)

export const jobs = sqliteTable(
  'jobs',
  {
    id: text().primaryKey(),
    host: text().notNull(),
    instance: text().notNull(),
    idempotencyKey: text().notNull(),
    /** Of the run that it does a step of. */
    runId: text(),
    kind: text().notNull(),
    title: text().notNull(),
    request: text().notNull(),
    state: text().notNull(),
    outcome: text(),
    noProgressSeconds: integer().notNull(),
    startedAt: text().notNull(),
    finishedAt: text(),
  },
  (table) => [
    uniqueIndex('jobs_idempotency').on(table.idempotencyKey),
    index('jobs_running')
      .on(table.host)
      .where(sql`state = 'running'`),
    index('jobs_run').on(table.runId),
    index('jobs_finished').on(table.finishedAt),
  ],
)

/** Commands to agents in their order; each belongs to one instance of one agent. */
export const commands = sqliteTable(
  'commands',
  {
    sequence: integer().primaryKey({ autoIncrement: true }),
    host: text().notNull(),
    instance: text().notNull(),
    jobId: text(),
    kind: text().notNull(),
    command: text().notNull(),
  },
  (table) => [
    index('commands_stream').on(table.host, table.instance, table.sequence),
    index('commands_job').on(table.jobId),
  ],
)

export const migrations = sqliteTable(
  'migrations',
  {
    number: integer().primaryKey({ autoIncrement: true }),
    id: text().notNull(),
    idempotencyKey: text().notNull(),
    state: text().notNull(),
    cancelRequested: integer({ mode: 'boolean' }).notNull().default(false),
    imageId: text().notNull(),
    sourceHost: text().notNull(),
    sourceLibrary: text().notNull(),
    sourceName: text().notNull(),
    targetHost: text().notNull(),
    targetLibrary: text().notNull(),
    targetName: text().notNull(),
    targetImageId: text(),
    startedAt: text().notNull(),
    finishedAt: text(),
    data: text().notNull(),
  },
  (table) => [
    uniqueIndex('migrations_id').on(table.id),
    uniqueIndex('migrations_idempotency').on(table.idempotencyKey),
    index('migrations_state').on(table.state),
    index('migrations_target').on(table.targetHost, table.targetLibrary, table.targetName),
    index('migrations_unlinked')
      .on(table.targetHost, table.targetLibrary)
      .where(sql`state = 'succeeded' AND targetImageId IS NULL`),
  ],
)

export const migrationSteps = sqliteTable(
  'migration_steps',
  {
    migrationId: text()
      .notNull()
      .references(() => migrations.id),
    position: integer().notNull(),
    id: text().notNull(),
    state: text().notNull(),
    startedAt: text(),
    finishedAt: text(),
    outcome: text(),
    attempt: integer().notNull().default(0),
    /** What the step gave to the next ones. */
    output: text(),
    plan: text().notNull(),
  },
  (table) => [primaryKey({ columns: [table.migrationId, table.id] })],
)

/** Plans that are carried out, or were; what happened in them lies in `run_entries`. */
export const runs = sqliteTable(
  'runs',
  {
    number: integer().primaryKey({ autoIncrement: true }),
    id: text().notNull(),
    idempotencyKey: text().notNull(),
    operation: text().notNull(),
    /** Kept with each entry, so that lists need not read them all. */
    phase: text().notNull(),
    startedAt: text().notNull(),
    endedAt: text(),
    /** Of the OpenWorkflow run that carries it out. */
    workflowId: text(),
    /** Hosts on which something is still to be undone, as JSON; null: none. */
    undoHosts: text(),
    /** The plan as people see it, with the exact commands of its hosts. */
    plan: text().notNull(),
  },
  (table) => [
    uniqueIndex('runs_id').on(table.id),
    uniqueIndex('runs_idempotency').on(table.idempotencyKey),
    index('runs_open')
      .on(table.number)
      .where(sql`endedAt IS NULL`),
    index('runs_undo')
      .on(table.number)
      .where(sql`undoHosts IS NOT NULL`),
  ],
)

/** The journal of each run. */
export const runEntries = sqliteTable(
  'run_entries',
  {
    runId: text().notNull(),
    sequence: integer().notNull(),
    entry: text().notNull(),
  },
  (table) => [primaryKey({ columns: [table.runId, table.sequence] })],
)

/** What runs work on, and, with an empty path, the hosts that they need. */
export const runSubjects = sqliteTable(
  'run_subjects',
  {
    runId: text().notNull(),
    host: text().notNull(),
    path: text().notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.runId, table.host, table.path] }),
    index('run_subjects_path').on(table.host, table.path),
  ],
)

/** What runs work on, as the inventory had it when they began; `after` once another run has begun on it. */
export const runImages = sqliteTable(
  'run_images',
  {
    runId: text().notNull(),
    position: integer().notNull(),
    host: text().notNull(),
    path: text().notNull(),
    /** An `ImageShape`; null: the inventory had none. */
    before: text(),
    fromHost: text(),
    fromPath: text(),
    fromShape: text(),
    after: text(),
    /** Whether `after` says it, and not the inventory. */
    isPast: integer({ mode: 'boolean' }).notNull().default(false),
  },
  (table) => [
    primaryKey({ columns: [table.runId, table.position] }),
    index('run_images_present')
      .on(table.host, table.path)
      .where(sql`isPast = 0`),
  ],
)

/** How often the images of a library are proven again. */
export const schedules = sqliteTable(
  'schedules',
  {
    host: text().notNull(),
    library: text().notNull(),
    everySeconds: integer().notNull(),
    /** Times of the day, such as `22:00`; null: any time. */
    windowFrom: text(),
    windowTo: text(),
    isOn: integer({ mode: 'boolean' }).notNull(),
    /** When its host told last of which images it keeps a manifest; null: never. */
    toldAt: text(),
  },
  (table) => [primaryKey({ columns: [table.host, table.library] })],
)

/** Updates of the agents of many hosts, ring by ring. */
export const rollouts = sqliteTable('rollouts', {
  id: text().primaryKey(),
  state: text().notNull(),
  reason: text().notNull().default(''),
  /** What is rolled out, and how. */
  plan: text().notNull(),
  startedAt: text().notNull(),
  endedAt: text(),
})

export const rolloutHosts = sqliteTable(
  'rollout_hosts',
  {
    rollout: text()
      .notNull()
      .references(() => rollouts.id),
    host: text().notNull(),
    ring: integer().notNull(),
    state: text().notNull(),
    fromBuild: text(),
    toBuild: text(),
    /** Names of the libraries that it had before, as JSON. */
    libraries: text().notNull().default('[]'),
    detail: text().notNull().default(''),
    changedAt: text().notNull(),
  },
  (table) => [primaryKey({ columns: [table.rollout, table.host] })],
)

/** What is known of each image against its manifest; goes with the image. */
export const imageVerifications = sqliteTable(
  'image_verifications',
  {
    imageId: text().primaryKey(),
    host: text().notNull(),
    /** Since when its host keeps the manifest; null: it keeps none. */
    keptSince: text(),
    /** When it was compared with it last, by whomever. */
    verifiedAt: text(),
    /** When a schedule came to no result with it, and why; null: not since it was verified. */
    triedAt: text(),
    failure: text(),
    /** What the last comparison found; null: it was equal. */
    finding: text(),
    /** The key of the run that a schedule is about to start, kept before it does, and the run once there is one. */
    runKey: text(),
    runId: text(),
  },
  (table) => [
    index('image_verifications_open')
      .on(table.host)
      .where(sql`runKey IS NOT NULL`),
  ],
)

/** The newest state of each thing that changed; a newer event of the same subject takes the place of the older. */
export const events = sqliteTable(
  'events',
  {
    sequence: integer().primaryKey({ autoIncrement: true }),
    subject: text().notNull(),
    at: text().notNull(),
    event: text().notNull(),
  },
  (table) => [uniqueIndex('events_subject').on(table.subject)],
)

export const activity = sqliteTable('activity', {
  sequence: integer().primaryKey({ autoIncrement: true }),
  at: text().notNull(),
  subject: text().notNull(),
  subjectId: text().notNull(),
  title: text().notNull(),
})

/** The format that somebody said of an image or of a folder; see the protocol's `FormatChoice`. */
export const formatChoices = sqliteTable(
  'format_choices',
  {
    host: text().notNull(),
    library: text().notNull(),
    name: text().notNull(),
    scope: text().notNull(),
    format: text().notNull(),
  },
  (table) => [primaryKey({ columns: [table.host, table.library, table.scope, table.name] })],
)

/** Every change and who made it, a line each that holds the hash of the one before; only appended to, see `audit/`. */
export const audit = sqliteTable(
  'audit',
  {
    sequence: integer().primaryKey(),
    /** An `AuditEntry` in its one text, of which `hash` is. The other columns are made from it, to filter by. */
    entry: text().notNull(),
    hash: text().notNull(),
    at: text().notNull(),
    who: text().notNull(),
    what: text().notNull(),
    subjects: text().notNull(),
    state: text(),
    run: text(),
  },
  (table) => [
    index('audit_at').on(table.at),
    index('audit_run')
      .on(table.run)
      .where(sql`run IS NOT NULL`),
  ],
)

/** The key that signs the log, and its last line as it was written, both sealed; one row. */
export const auditState = sqliteTable('audit_state', {
  only: integer().primaryKey(),
  sealedKey: text().notNull(),
  publicKey: text().notNull(),
  sealedHead: text(),
})
