import { writableFormats } from '@varve/core/formats/writable-formats'
import { z } from 'zod'
import {
  Bytes,
  Digest,
  FileName,
  HostName,
  JobId,
  Path,
  Payload,
  Reading,
  Subformat,
  Timestamp,
} from './primitives.ts'
import { StreamToken, UploadId } from './file-streams.ts'
import { QuarantineView } from './quarantine.ts'
import { ImageReportView } from './reports.ts'
import { Build, ReleaseArchive } from './updates.ts'

/** Where an NBD export can be reached. */
export const NbdEndpoint = z.lazy(() =>
  z.object({
    host: z.string(),
    port: z.number().int().min(1).max(65_535),
    /** The unguessable, expiring token. */
    exportName: z.string().min(20).max(200),
    /** TLS is spoken, and this host's certificate has to be shown; left out: plain text. */
    server: HostName.optional(),
  }),
)
export type NbdEndpoint = z.infer<typeof NbdEndpoint>

const Target = z.lazy(() => z.object({ library: z.string(), name: FileName }))
const Compression = z.enum(['none', 'zlib', 'zstd'])
/** `accept`: somebody has said by name that a disk is read to which others may write; it must not change meanwhile. */
const InUse = z.enum(['refuse', 'accept'])
const TargetFormat = z.enum(writableFormats)

/** What a new image says of the machine that its guest was set up on. */
export const GuestChoices = z.lazy(() =>
  z.object({
    logicalSectorSize: z.union([z.literal(512), z.literal(4096)]).optional(),
    firmware: z.enum(['bios', 'efi']).optional(),
    architecture: z.enum(['x86_64', 'aarch64']).optional(),
    guest: z.enum(['linux', 'windows']).optional(),
  }),
)

export const InspectRequest = z.lazy(() =>
  z.object({
    kind: z.literal('inspect'),
    library: z.string(),
    name: Path,
    reading: Reading.optional(),
  }),
)

export const DigestRequest = z.lazy(() =>
  z.object({
    kind: z.literal('digest'),
    library: z.string(),
    name: Path,
    reading: Reading.optional(),
    inUse: InUse.optional(),
  }),
)

/** Opens the image and serves its L3 read-only; the export stays until `release`, expiry, or the agent's end. */
export const ExportRequest = z.lazy(() =>
  z.object({
    kind: z.literal('export'),
    library: z.string(),
    name: Path,
    reading: Reading.optional(),
    inUse: InUse.optional(),
    exportName: z.string().min(20).max(200),
    /** The host that it is for: over TLS no other may open it. */
    reader: HostName.optional(),
    expiresInSeconds: z
      .number()
      .int()
      .min(1)
      .max(7 * 86_400),
  }),
)

/** Closes the export; fails with `source-changed` when the files changed since it was opened. */
export const ReleaseRequest = z.lazy(() =>
  z.object({
    kind: z.literal('release'),
    exportName: z.string(),
    library: z.string(),
    name: Path,
  }),
)

/** On the target: reads the export's block status, predicts the size of the target file, checks name, rights and space. */
export const MeasureRequest = z.lazy(() =>
  z.object({
    kind: z.literal('measure'),
    endpoint: NbdEndpoint,
    /** Bytes of the source disk, as its own agent says: a server that says otherwise is refused. */
    virtualSize: Bytes.optional(),
    target: Target,
    format: TargetFormat,
    subformat: Subformat.default(null),
    compression: Compression,
    choices: GuestChoices.optional(),
  }),
)

/** On the target: reads the export and writes the part file `.<name>.<pullId>.part`, or a folder of that name for a kind of several files; flushed, not yet published. Starts afresh when repeated. */
export const PullRequest = z.lazy(() =>
  z.object({
    kind: z.literal('pull'),
    pullId: JobId,
    endpoint: NbdEndpoint,
    /** Bytes of the source disk, as its own agent says: a server that says otherwise is refused. */
    virtualSize: Bytes.optional(),
    target: Target,
    format: TargetFormat,
    subformat: Subformat.default(null),
    compression: Compression,
    choices: GuestChoices.optional(),
  }),
)

/** On the target: reads the part file back as a disk and digests it. */
export const VerifyRequest = z.lazy(() =>
  z.object({
    kind: z.literal('verify'),
    pullId: JobId,
    target: Target,
    format: TargetFormat,
    subformat: Subformat.default(null),
    expected: Digest,
  }),
)

/** What a pull has written: a hidden file, or a hidden folder for a kind of several files. Journals of before name no kind. */
const Pulled = z.object({
  pullId: JobId,
  target: Target,
  format: TargetFormat.default('raw'),
  subformat: Subformat.default(null),
})

/** On the target: gives what was pulled its final names, never over another file. Idempotent. */
export const PublishRequest = z.lazy(() => Pulled.extend({ kind: z.literal('publish') }))

/** On the target: removes what an abandoned pull has written. Idempotent. */
export const DiscardRequest = z.lazy(() => Pulled.extend({ kind: z.literal('discard') }))

/** Plans an operation from this host's own facts. */
export const PlanRequest = z.lazy(() =>
  z.object({
    kind: z.literal('plan'),
    operation: z.string().min(1).max(64),
    /** As the operation takes it; paths may be names in a library. */
    request: Payload,
    /** The library that names are of; null: the only one, or the one that has such a name. */
    library: z.string().nullable(),
  }),
)

/** Lists what lies in the quarantines of this host's libraries. */
export const QuarantineRequest = z.lazy(() => z.object({ kind: z.literal('quarantine') }))

/** Tells of which images of a library a manifest is kept, to verify them against. */
export const ProofsRequest = z.lazy(() =>
  z.object({
    kind: z.literal('proofs'),
    library: z.string(),
    /** Names of images in it. */
    names: z.array(Path).max(1000),
  }),
)

/** Brings the bytes of a file to the controller, which names the range that it wants. */
export const SendRequest = z.lazy(() =>
  z.object({
    kind: z.literal('send'),
    library: z.string(),
    name: Path,
    stream: StreamToken,
    inUse: InUse.optional(),
  }),
)

/** Fetches the bytes of a file that somebody uploads, piece by piece, and writes them beside their place. */
export const ReceiveRequest = z.lazy(() =>
  z.object({
    kind: z.literal('receive'),
    target: Target,
    upload: UploadId,
    size: Bytes,
    stream: StreamToken,
  }),
)

/**
 * The agent's own program: `stage` brings a build to the host, `switch` has the agent start anew as it, on trial, unless something
 * runs there; `keep` ends the trial, `revert` goes back to the build before.
 */
export const UpdateRequest = z.lazy(() =>
  z.object({
    kind: z.literal('update'),
    step: z.enum(['stage', 'switch', 'keep', 'revert']),
    build: Build,
    /** What `stage` fetches. */
    archive: ReleaseArchive.optional(),
    /** Why `revert` goes back. */
    reason: z.string().max(300).optional(),
  }),
)

/** One action of a run. */
export const ActionRequest = z.lazy(() =>
  z.object({
    kind: z.literal('action'),
    action: z.string().min(1).max(64),
    /** As the action takes it; paths are absolute. */
    input: Payload,
    /** Whether it may have begun before, in a process that died. */
    isResumed: z.boolean(),
  }),
)

/** What an agent can be asked to do. `library` + `name` (a relative path with `/`) name an image; part files are named by the agent. */
export const JobRequest = z.discriminatedUnion('kind', [
  InspectRequest,
  DigestRequest,
  ExportRequest,
  ReleaseRequest,
  MeasureRequest,
  PullRequest,
  VerifyRequest,
  PublishRequest,
  DiscardRequest,
  PlanRequest,
  QuarantineRequest,
  ProofsRequest,
  SendRequest,
  ReceiveRequest,
  UpdateRequest,
  ActionRequest,
])
export type JobRequest = z.infer<typeof JobRequest>
export type JobKind = JobRequest['kind']
export type JobRequestOf<K extends JobKind> = Extract<JobRequest, { kind: K }>

export const DigestResult = z.lazy(() =>
  z.object({
    digest: Digest,
    virtualSize: Bytes,
    dataBytes: Bytes,
    seconds: z.number().min(0),
  }),
)
export type DigestResult = z.infer<typeof DigestResult>

export const InspectResult = z.lazy(() => z.object({ kind: z.literal('inspect'), report: ImageReportView }))

export const DigestDone = z.lazy(() => DigestResult.unwrap().extend({ kind: z.literal('digest') }))

export const ExportResult = z.lazy(() =>
  z.object({
    kind: z.literal('export'),
    endpoint: NbdEndpoint,
    virtualSize: Bytes,
    fingerprint: z.string(),
  }),
)

export const ReleaseResult = z.lazy(() => z.object({ kind: z.literal('release') }))

export const MeasureResult = z.lazy(() =>
  z.object({
    kind: z.literal('measure'),
    required: Bytes,
    available: Bytes.nullable(),
    dataBytes: Bytes,
    /** Bytes of the chunks of 4 MiB that hold any data: what a pull reads. */
    copyBytes: Bytes.nullable().default(null),
    virtualSize: Bytes,
  }),
)

export const PullResult = z.lazy(() =>
  z.object({
    kind: z.literal('pull'),
    digest: Digest,
    virtualSize: Bytes,
    /** Bytes that were read from the source: whole chunks. */
    transferredBytes: Bytes,
    /** Of those, chunks that held zeros only and were not written. */
    skippedBytes: Bytes.default(0),
    fileSize: Bytes,
    seconds: z.number().min(0),
  }),
)

export const VerifyResult = z.lazy(() =>
  DigestResult.unwrap().extend({
    kind: z.literal('verify'),
    /** Bytes of the chunks that were read back. */
    readBytes: Bytes.nullable().default(null),
  }),
)

export const PublishResult = z.lazy(() => z.object({ kind: z.literal('publish'), path: z.string() }))

export const DiscardResult = z.lazy(() => z.object({ kind: z.literal('discard') }))

export const PlanResult = z.lazy(() =>
  z.object({
    kind: z.literal('plan'),
    /** The request with its paths absolute. */
    request: Payload,
    /** A plan or a refusal of the operations package. */
    plan: Payload,
    /** The exact command of each step, in words of a shell. */
    commands: z.array(z.string()).max(1000),
    /** The plan as a runbook. */
    script: z.string().nullable(),
  }),
)

export const QuarantineResult = z.lazy(() =>
  QuarantineView.unwrap().extend({ kind: z.literal('quarantine') }),
)

export const ProofsResult = z.lazy(() =>
  z.object({
    kind: z.literal('proofs'),
    /** Since when a manifest of each is kept, in the order of their names; null: none is. */
    provenAt: z.array(Timestamp.nullable()).max(1000),
  }),
)

export const SendResult = z.lazy(() => z.object({ kind: z.literal('send'), bytes: Bytes }))

export const ReceiveResult = z.lazy(() => z.object({ kind: z.literal('receive'), received: Bytes }))

export const UpdateResult = z.lazy(() => z.object({ kind: z.literal('update'), build: Build }))

export const ActionResult = z.lazy(() => z.object({ kind: z.literal('action'), outcome: Payload }))

export const JobResult = z.discriminatedUnion('kind', [
  InspectResult,
  DigestDone,
  ExportResult,
  ReleaseResult,
  MeasureResult,
  PullResult,
  VerifyResult,
  PublishResult,
  DiscardResult,
  PlanResult,
  QuarantineResult,
  ProofsResult,
  SendResult,
  ReceiveResult,
  UpdateResult,
  ActionResult,
])
export type JobResult = z.infer<typeof JobResult>
export type JobResultOf<K extends JobKind> = Extract<JobResult, { kind: K }>

/** Whether an agent knows a job of that name. */
export function isJobKind(name: string): name is JobKind {
  return JobRequest.options.some((request) => request.unwrap().shape.kind.value === name)
}
