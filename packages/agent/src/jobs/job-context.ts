import type { ImageFiles } from '@varve/core/image/image-files'
import type { JobProgress } from '@varve/protocol/job-progress'
import type { JobKind, JobRequestOf, JobResultOf } from '@varve/protocol/jobs'
import type { TransferProgress } from '@varve/engine/run/requests'
import type { WorkerPool } from '@varve/engine/run/worker-pool'
import type { ActionPorts, AdapterTable } from '../actions/adapter.ts'
import type { ManifestUpload } from '../connection/outbox.ts'
import type { FormatChoices } from '../library/format-choices.ts'
import type { HowToRead, Inspection } from '../library/inspect-messages.ts'
import type { Library } from '../library/library.ts'
import type { FindWriters } from '../platform/platform.ts'
import type { FleetLocks } from '../runs/fleet-locks.ts'
import type { StreamClient } from '../streams/stream-client.ts'
import type { Leaving } from '../update/leaving.ts'
import type { SelfUpdate } from '../update/self-update.ts'
import type { ExportServer } from './export-server.ts'
import type { ExportTable } from './export-table.ts'
import type { Publications } from './publications.ts'
import type { RunningPulls } from './running-pulls.ts'
import type { RunningUploads } from './running-uploads.ts'
import type { MeterOptions } from './transfer-meter.ts'

/** What the jobs of one agent share. */
export interface JobPorts {
  readonly libraries: readonly Library[]
  /** Opens files below the libraries only. */
  readonly files: ImageFiles
  /** Looks at one image, layer by layer. */
  readonly inspect: (path: string, how: HowToRead) => Promise<Inspection>
  /** The formats that somebody said of images and folders. */
  readonly formats: Pick<FormatChoices, 'of' | 'at' | 'isEmpty'>
  readonly exports: ExportTable
  /** Where the exports are reached. */
  readonly exportServer: ExportServer
  readonly publications: Publications
  readonly pulls: RunningPulls
  /** The images that runs of the fleet work on. */
  readonly locks: FleetLocks
  readonly findWriters: FindWriters | null
  readonly uploads: RunningUploads
  /** The controller's end of what browsers upload and download. */
  readonly streams: StreamClient
  /** Threads of one transfer. */
  readonly workers: number
  /** The threads themselves, which go from one transfer to the next. */
  readonly pool: WorkerPool
  /** What operations and their actions use on this host. */
  readonly here: {
    readonly name: string
    readonly platform: 'linux' | 'windows' | 'macos'
    readonly actions: ActionPorts
    readonly adapters: AdapterTable
  }
  /** Left out: it was installed so that the fleet cannot update it. */
  readonly update?: { readonly program: SelfUpdate; readonly leaving: Leaving }
  /** Called when a job changed what lies in a library. */
  readonly onLibraryChanged: (library: Library) => void
}

/** What one job gets besides its request. */
export interface JobContext {
  readonly ports: JobPorts
  readonly signal: AbortSignal
  readonly onProgress: (progress: JobProgress) => void
  /** Progress of a transfer, turned into what people see. */
  readonly onTransfer: (
    transfer: Pick<MeterOptions, 'input' | 'before'>,
  ) => (progress: TransferProgress) => void
  /** Evidence that is delivered before the result. */
  readonly attachManifest: (manifest: ManifestUpload) => void
}

/** One kind of job: throws a coded error, and leaves nothing half done behind. */
export type JobHandler<K extends JobKind> = (
  request: JobRequestOf<K>,
  context: JobContext,
) => Promise<JobResultOf<K>>
