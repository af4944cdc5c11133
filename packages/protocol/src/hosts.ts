import { z } from 'zod'
import { Bytes, HostName, Timestamp } from './primitives.ts'
import { HostPlaceView } from './reports.ts'
import { AgentProgram } from './updates.ts'

export const ToolView = z.lazy(() =>
  z.object({
    name: z.string(),
    version: z.string().nullable(),
    /** Absolute path, or null when it is not installed. */
    path: z.string().nullable(),
    /** What it enables, in words. */
    enables: z.string(),
    /** The command that installs it on this host. */
    install: z.string(),
  }),
)
export type ToolView = z.infer<typeof ToolView>

/** What an agent can do: plain data, from which the controller decides what it may ask. */
export const Capabilities = z.lazy(() =>
  z.object({
    readFormats: z.array(z.string()),
    writeFormats: z.array(z.string()),
    sparseFiles: z.boolean(),
    reflink: z.boolean(),
    nbdExport: z.boolean(),
    watch: z.boolean(),
  }),
)
export type Capabilities = z.infer<typeof Capabilities>

/** A library of volumes, as a target of migrations. */
export const LibraryVolumes = z.lazy(() =>
  z.object({
    kind: z.enum(['lvm', 'zfs']),
    /** Volume group, or pool. */
    group: z.string().max(255),
    /** ZFS: the dataset below the pool, with a slash at its end; else empty. */
    parent: z.string().max(600),
    /** Sizes of its volumes are whole pieces of so many bytes. */
    unit: Bytes.min(1),
    /** LVM: the thin pools in which a volume can be made. */
    pools: z.array(z.object({ name: z.string().max(128), free: Bytes })).max(1000),
    /** Why none can be made; null: they can. */
    fault: z.object({ reason: z.string(), remedy: z.string() }).nullable(),
  }),
)
export type LibraryVolumes = z.infer<typeof LibraryVolumes>

export const LibraryFacts = z.lazy(() =>
  z.object({
    /** Unique on its host. */
    name: z.string().min(1).max(100),
    path: z.string(),
    /** Whether files can be made there. */
    writable: z.boolean(),
    place: HostPlaceView,
    /** Left out: it is a folder of files. */
    volumes: LibraryVolumes.optional(),
  }),
)
export type LibraryFacts = z.infer<typeof LibraryFacts>

export const HostFacts = z.lazy(() =>
  z.object({
    name: HostName,
    os: z.object({
      platform: z.enum(['linux', 'windows', 'macos']),
      name: z.string(),
      kernel: z.string(),
      arch: z.string(),
    }),
    cpus: z.number().int().min(1),
    memory: Bytes,
    agentVersion: z.string(),
    /** Null: it was installed so that the fleet cannot update it. */
    program: AgentProgram.nullable().default(null),
    nodeVersion: z.string(),
    capabilities: Capabilities,
    tools: z.array(ToolView).max(200),
    libraries: z.array(LibraryFacts).max(200),
  }),
)
export type HostFacts = z.infer<typeof HostFacts>

export const LibraryView = z.lazy(() => LibraryFacts.unwrap().extend({ images: z.number().int().min(0) }))
export type LibraryView = z.infer<typeof LibraryView>

export const HostView = z.lazy(() =>
  HostFacts.unwrap()
    .omit({ libraries: true })
    .extend({
      state: z.enum(['connected', 'offline']),
      since: Timestamp,
      libraries: z.array(LibraryView),
      images: z.number().int().min(0),
      /** What runs there now, in words with the job's id. */
      running: z.array(
        z.object({
          jobId: z.string(),
          kind: z.string(),
          title: z.string(),
          migrationId: z.string().nullable(),
        }),
      ),
      scan: z.object({
        state: z.enum(['scanning', 'watching', 'unknown']),
        finishedAt: Timestamp.nullable(),
      }),
    }),
)
export type HostView = z.infer<typeof HostView>

export const HostSort = z.enum(['name', 'state', 'system', 'images', 'free', 'since'])
export type HostSort = z.infer<typeof HostSort>

export const HostQuery = z.lazy(() =>
  z.object({
    /** In the name or the system of the host. */
    search: z.string().max(200).default(''),
    state: z.enum(['connected', 'offline']).nullable().default(null),
    sort: HostSort.default('name'),
    direction: z.enum(['asc', 'desc']).default('asc'),
    offset: z.number().int().min(0).max(10_000_000).default(0),
    limit: z.number().int().min(1).max(500).default(100),
  }),
)
export type HostQuery = z.input<typeof HostQuery>

export const HostPage = z.lazy(() =>
  z.object({
    rows: z.array(HostView),
    total: z.number().int(),
    offset: z.number().int(),
  }),
)
export type HostPage = z.infer<typeof HostPage>

/** How many hosts there are. */
export const HostTotals = z.lazy(() => z.object({ connected: z.number().int(), total: z.number().int() }))
export type HostTotals = z.infer<typeof HostTotals>
