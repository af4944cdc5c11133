import { z } from 'zod'
import { ErrorView, JobId, Path, Timestamp } from './primitives.ts'
import { HostFacts, LibraryFacts } from './hosts.ts'
import { FormatChoice, ImageRecord } from './images.ts'
import { FleetRoots } from './trust.ts'
import { JobProgress } from './job-progress.ts'
import { JobRequest, JobResult } from './jobs.ts'

/** What a library holds, so that both ends can tell whether they know the same. */
export const InventoryState = z.lazy(() =>
  z.object({
    library: z.string(),
    /** Images of it. */
    count: z.number().int().min(0),
    /** Exclusive or of the checksums of their records. */
    digest: z.number().int().min(0),
  }),
)
export type InventoryState = z.infer<typeof InventoryState>

/** One start of a controller; its id is random. */
export const ControllerStart = z.object({ number: z.number().int().min(1), id: z.string().min(1).max(64) })
export type ControllerStart = z.infer<typeof ControllerStart>

/** What an agent last saw of its controller. */
export const SeenController = z.object({
  start: ControllerStart.nullable(),
  /** Number of the newest command that it took; 0: none. */
  command: z.number().int().min(0),
})
export type SeenController = z.infer<typeof SeenController>

/** The first thing an agent says on every connection. */
export const Hello = z.lazy(() =>
  z.object({
    /** The oldest that it speaks. */
    protocolVersion: z.number().int(),
    /** The newest that it speaks; left out: no newer one. */
    speaks: z.number().int().optional(),
    /** Made when the agent's process started: tells a reconnect from a restart. */
    instance: z.string().min(8).max(64),
    /** Names the run of its machine since the machine was started; null: the system does not say. */
    boot: z.string().min(1).max(64).nullable().default(null),
    facts: HostFacts,
    /** Jobs that this instance still runs or whose end has not been acknowledged. */
    jobs: z.array(JobId).max(10_000),
    /** Libraries that this agent has looked at to their end. */
    inventory: z.array(InventoryState).max(200).default([]),
    seen: SeenController.default({ start: null, command: 0 }),
  }),
)
export type Hello = z.output<typeof Hello>

const FormatChoiceList = z.array(FormatChoice).max(10_000)

/** Ids of runs that are not over and need that host. */
const OpenRuns = z.lazy(() => z.array(z.string()).max(100_000))

/** Serial numbers of certificates of the fleet that let nobody in any more, though they are not over. */
export const Barred = z.array(z.string().regex(/^[0-9A-F]{1,64}$/u)).max(10_000)

export const Welcome = z.lazy(() =>
  z.object({
    /** The newest that both speak. */
    protocolVersion: z.number().int(),
    controllerVersion: z.string(),
    /** Names the session of this agent; sent with every later call. */
    session: z.string(),
    /** All that was said of this host's images. */
    formats: FormatChoiceList.default([]),
    /** Libraries of which the controller knows something else than the agent said in its hello. */
    differing: z.array(z.string()).default([]),
    /** The runs that are not over and need this host; left out: not told. */
    runs: OpenRuns.optional(),
    start: ControllerStart.optional(),
    /** What the fleet is believed by. */
    roots: FleetRoots.unwrap().shape.roots.optional(),
    /** Whom it lets into its exports no more. */
    barred: Barred.optional(),
  }),
)
export type Welcome = z.infer<typeof Welcome>

/** The run that a job does a step of, and the images of that host which it works on: they are locked for it. */
export const RunOfJob = z.lazy(() =>
  z.object({
    id: z.string().min(1).max(128),
    /** As people name it. */
    name: z.string().max(128),
    /** What it does, in one line. */
    operation: z.string().max(4096),
    paths: z.array(Path).max(10_000),
  }),
)
export type RunOfJob = z.infer<typeof RunOfJob>

/** Names one request to free images. */
export const FreedToken = z.string().min(1).max(64)

/** Commands to an agent, by sequence number; the agent resumes after the last one it took. */
export const AgentCommand = z.lazy(() =>
  z.discriminatedUnion('kind', [
    z.object({
      kind: z.literal('start-job'),
      jobId: JobId,
      request: JobRequest,
      noProgressSeconds: z.number().int().min(1),
      run: RunOfJob.optional(),
    }),
    z.object({ kind: z.literal('cancel-job'), jobId: JobId }),
    z.object({ kind: z.literal('rescan') }),
    /** What the fleet is believed by has changed: an agent keeps it, and renews its certificate. */
    z.object({
      kind: z.literal('trust'),
      roots: FleetRoots.unwrap().shape.roots,
      barred: Barred.optional(),
    }),
    /** All that was said of this host's images, in the place of what was said before. */
    z.object({ kind: z.literal('formats'), formats: FormatChoiceList }),
    /** A run ends: these are open, and nothing is locked for any other. Answered by `freed` with the token. */
    z.object({ kind: z.literal('runs'), open: OpenRuns, token: FreedToken }),
  ]),
)
export type AgentCommand = z.infer<typeof AgentCommand>

export const JobReport = z.lazy(() =>
  z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('progress'), jobId: JobId, progress: JobProgress }),
    z.object({ kind: z.literal('succeeded'), jobId: JobId, result: JobResult }),
    z.object({ kind: z.literal('failed'), jobId: JobId, error: ErrorView }),
  ]),
)
export type JobReport = z.infer<typeof JobReport>

/** A checksum of a record, made by its agent; the controller only compares it. */
export const Checksum = z.number().int().min(1).max(Number.MAX_SAFE_INTEGER)

export const SentRecord = z.lazy(() => ImageRecord.unwrap().extend({ checksum: Checksum }))
export type SentRecord = z.infer<typeof SentRecord>

/** A change of the agent's libraries. A scan is a run of deltas that begins with `scan-started` and ends with `scan-finished`. */
export const InventoryDelta = z.lazy(() =>
  z.object({
    library: z.string(),
    kind: z.enum(['scan-started', 'changes', 'scan-finished']),
    changed: z.array(SentRecord).max(200),
    removed: z.array(z.string()).max(1000),
    /** In `scan-finished`: what the controller knows now, if nothing was lost. */
    state: InventoryState.unwrap().omit({ library: true }).nullable(),
    at: Timestamp,
  }),
)
export type InventoryDelta = z.infer<typeof InventoryDelta>

/** `inStep`: the controller knows what `state` says; otherwise both are compared part by part. */
export const InventoryAnswer = z.lazy(() => z.object({ inStep: z.boolean() }))
export type InventoryAnswer = z.infer<typeof InventoryAnswer>

/** All images of a part of a library: names after `after` up to `until`, in the order of their bytes in UTF-8; null: no bound. */
export const InventoryPart = z.lazy(() =>
  z.object({
    library: z.string(),
    after: z.string().nullable(),
    until: z.string().nullable(),
    entries: z.array(z.object({ name: z.string(), checksum: Checksum })).max(1000),
  }),
)
export type InventoryPart = z.infer<typeof InventoryPart>

/** `wanted`: names of the part whose records the controller does not have; `isMore`: it had too much in it, ask again. */
export const ComparedPart = z.lazy(() => z.object({ wanted: z.array(z.string()), isMore: z.boolean() }))
export type ComparedPart = z.infer<typeof ComparedPart>

/** A part of an encoded manifest (core `digest/manifest-file`), base64, at most 1 MiB before encoding. */
export const ManifestPart = z.lazy(() =>
  z.object({
    digest: z.string(),
    part: z.number().int().min(0),
    parts: z.number().int().min(1).max(100_000),
    bytes: z.string().max(1_500_000),
  }),
)
export type ManifestPart = z.infer<typeof ManifestPart>

/** What changes of a library without a change of its files: sent while the session lasts. */
export const LibraryPlaces = z.lazy(() =>
  z.array(LibraryFacts.unwrap().pick({ name: true, writable: true, place: true, volumes: true })).max(200),
)
export type LibraryPlaces = z.infer<typeof LibraryPlaces>
