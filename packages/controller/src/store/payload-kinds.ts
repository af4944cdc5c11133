import { AgentCommand } from '@varve/protocol/agent'
import { FleetEvent } from '@varve/protocol/events'
import { HostFacts, LibraryFacts } from '@varve/protocol/hosts'
import { JobRequest, JobResult } from '@varve/protocol/jobs'
import { MigrationRequest, TransferView } from '@varve/protocol/migrations'
import { PlanStepView, PlanView } from '@varve/protocol/plans'
import { ErrorView, FormatName, ProblemView } from '@varve/protocol/primitives'
import { ImageReportView } from '@varve/protocol/reports'
import { ImageShape } from '@varve/protocol/run-images'
import { ReleaseArchive } from '@varve/protocol/updates'
import { z } from 'zod'
import type { PayloadKind } from './payload.ts'

/** Everything that is kept as JSON. A change of a schema is a new version here, with an upcaster from the old one. */
export const hostFacts = {
  name: 'host facts',
  version: 1,
  schema: HostFacts.unwrap().omit({ libraries: true }),
} as const satisfies PayloadKind<unknown>

export const libraryFacts = { name: 'library facts', version: 1, schema: LibraryFacts } as const
export const imageReport = { name: 'image report', version: 1, schema: ImageReportView } as const
/** An image as it was when a run began on it. */
export const imageShape = { name: 'shape of an image', version: 1, schema: ImageShape } as const
export const finding = { name: 'finding', version: 1, schema: ProblemView } as const
/** The plan of a run as people see it. */
export const shownPlan = {
  name: 'plan of a run',
  version: 1,
  schema: PlanView,
} as const satisfies PayloadKind<unknown>
export const failure = { name: 'failure', version: 1, schema: ErrorView } as const
export const jobRequest = { name: 'job request', version: 1, schema: JobRequest } as const

/** How a job ended. */
export const JobOutcome = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('succeeded'), result: JobResult }),
  z.object({ kind: z.literal('failed'), error: ErrorView }),
])
export type JobOutcome = z.infer<typeof JobOutcome>
export const jobOutcome = { name: 'job outcome', version: 1, schema: JobOutcome } as const

/** What a rollout brings to which target, and how; `builds` by target, such as `linux-x64`. */
export const RolloutPlan = z.object({
  version: z.string(),
  builds: z.record(z.string(), z.object({ build: z.string(), archive: ReleaseArchive })),
  soakSeconds: z.number().int(),
  atOnce: z.number().int(),
})
export type RolloutPlan = z.infer<typeof RolloutPlan>
export const rolloutPlan = { name: 'plan of a rollout', version: 1, schema: RolloutPlan } as const

export const agentCommand = { name: 'agent command', version: 1, schema: AgentCommand } as const
export const fleetEvent = { name: 'event', version: 1, schema: FleetEvent } as const
export const planStep = { name: 'plan step', version: 1, schema: PlanStepView } as const

/** What a migration knows beside its columns. */
export const MigrationFacts = z.object({
  request: MigrationRequest,
  accepted: z.array(z.string()),
  warnings: z.array(ProblemView),
  sourceFormat: FormatName,
  virtualSize: z.number().nullable(),
  dataBytes: z.number().nullable(),
  copyBytes: z.number().nullable(),
  /** What was copied and read back when that ended, however it ended. */
  copied: TransferView.nullable(),
  readBack: TransferView.nullable(),
  sourceDigest: z.string().nullable(),
  targetDigest: z.string().nullable(),
  verified: z.boolean(),
  error: ErrorView.nullable(),
  aftermath: z.string().nullable(),
  /** Undo that failed, in words, and hosts that were away when theirs was due. */
  undoFailed: z.array(z.string()),
  waitingFor: z.array(z.string()),
})
export type MigrationFacts = z.infer<typeof MigrationFacts>
export const migrationFacts = {
  name: 'migration',
  version: 2,
  schema: MigrationFacts,
  upcasters: { 1: withTransfers },
} as const

const OldFacts = z.looseObject({
  transferredBytes: z.number().nullable(),
  averageRate: z.number().nullable(),
})

/** Version 1 knew of a copy only what was moved and how fast. */
function withTransfers(data: unknown): unknown {
  const { transferredBytes: done, averageRate: rate, ...rest } = OldFacts.parse(data)
  const seconds = done === null || rate === null || rate === 0 ? null : done / rate
  const copied =
    done === null ? null : { done, total: done, zeros: 0, seconds, fileSize: null, chunkMap: null }
  return { ...rest, copyBytes: done, copied, readBack: null }
}
