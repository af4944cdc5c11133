import { z } from 'zod'
import {
  Bytes,
  Digest,
  ErrorView,
  FileName,
  FormatName,
  HostName,
  ImageId,
  MigrationId,
  ProblemView,
  Reading,
  Subformat,
  Timestamp,
} from './primitives.ts'
import { ChunkMap, JobProgress } from './job-progress.ts'
import { PlanStepView } from './plans.ts'

export const MigrationRequest = z.lazy(() =>
  z.object({
    image: ImageId,
    targetHost: HostName,
    targetLibrary: z.string().min(1, 'the name of a library is not empty'),
    name: FileName,
    format: FormatName,
    subformat: Subformat.default(null),
    compression: z.enum(['none', 'zlib', 'zstd']).default('none'),
    /** Into a volume of LVM: the thin pool that it is made in; null: it is thick. */
    thinPool: z.string().min(1).max(128).nullable().default(null),
    /** Into a volume of ZFS: nothing is kept back for it. */
    sparse: z.boolean().default(false),
    /** What the person says about how the source is to be read. */
    reading: Reading.default({}),
  }),
)
export type MigrationRequest = z.input<typeof MigrationRequest>

export const StartMigration = z.lazy(() =>
  MigrationRequest.unwrap().extend({
    /** Made by the client, so that a repeated call starts one migration. */
    idempotencyKey: z.string().min(8).max(100),
    /** Ids of the plan's warnings that the person accepted. */
    accepted: z.array(z.string()).default([]),
  }),
)
export type StartMigration = z.input<typeof StartMigration>

export const MigrationState = z.enum(['waiting', 'running', 'canceling', 'succeeded', 'failed', 'canceled'])
export type MigrationState = z.infer<typeof MigrationState>

export const MigrationStepView = z.lazy(() =>
  PlanStepView.unwrap().extend({
    state: z.enum(['waiting', 'running', 'done', 'failed', 'undone', 'skipped']),
    startedAt: Timestamp.nullable(),
    finishedAt: Timestamp.nullable(),
    /** What it found or did, in a few words, such as `31 checks, 2 warnings accepted`. */
    outcome: z.string().nullable(),
    attempt: z.number().int().min(0),
  }),
)
export type MigrationStepView = z.infer<typeof MigrationStepView>

/** What one pass over the disk has done so far, or had done when it ended: the copy, or the reading back. */
export const TransferView = z.lazy(() =>
  z.object({
    /** Bytes of whole chunks that were read. */
    done: Bytes,
    /** Bytes of the chunks that hold any data, once known. */
    total: Bytes.nullable(),
    /** Of `done`: zeros only, and so not written. */
    zeros: Bytes,
    /** Seconds that it took so far. */
    seconds: z.number().min(0).nullable(),
    /** Size of the file, once it is written. */
    fileSize: Bytes.nullable(),
    chunkMap: ChunkMap.nullable(),
  }),
)
export type TransferView = z.infer<typeof TransferView>

/** Why a migration that runs does not move now: what is known of it. */
export const StallView = z.lazy(() => z.object({ since: Timestamp, message: z.string() }))
export type StallView = z.infer<typeof StallView>

/** Which ended migrations are cleared from the lists. */
export const EndedState = z.enum(['succeeded', 'failed', 'canceled'])
export type EndedState = z.infer<typeof EndedState>

export const MigrationView = z.lazy(() =>
  z.object({
    id: MigrationId,
    /** Counts up from 1, for people. */
    number: z.number().int().min(1),
    state: MigrationState,
    image: ImageId,
    source: z.object({
      host: HostName,
      library: z.string(),
      name: z.string(),
      format: FormatName,
      virtualSize: Bytes.nullable(),
    }),
    target: z.object({
      host: HostName,
      library: z.string(),
      name: z.string(),
      format: FormatName,
      subformat: Subformat.default(null),
      compression: z.string(),
      imageId: ImageId.nullable(),
    }),
    startedAt: Timestamp,
    finishedAt: Timestamp.nullable(),
    steps: z.array(MigrationStepView),
    warnings: z.array(ProblemView),
    /** Progress of the step that moves bytes now (pull, then verify). */
    progress: JobProgress.nullable(),
    /** Null: it moves, or it does not run. */
    stall: StallView.nullable().default(null),
    /** The copy of the newest attempt; kept when it ended, however it ended. */
    copied: TransferView.nullable().default(null),
    /** The reading back of what was written. */
    readBack: TransferView.nullable().default(null),
    /** Bytes of the disk that hold data, once measured. */
    dataBytes: Bytes.nullable(),
    /** Bytes of the chunks that hold any data: what is copied, once measured. */
    copyBytes: Bytes.nullable().default(null),
    /** `copied.done`, and that by `copied.seconds`. */
    transferredBytes: Bytes.nullable(),
    averageRate: z.number().min(0).nullable(),
    sourceDigest: Digest.nullable(),
    targetDigest: Digest.nullable(),
    verified: z.boolean(),
    error: ErrorView.nullable(),
    /** For a failed or canceled one: what is safe and what to press. */
    aftermath: z.string().nullable(),
  }),
)
export type MigrationView = z.infer<typeof MigrationView>
