import type { KeptMembership } from '../trust/membership-file.ts'
import type { Manifest } from '@varve/core/digest/disk-digest'
import type { FindWriters } from '@varve/engine/in-use/writers'
import type { TransferProgress } from '@varve/engine/run/requests'
import type { WorkerPool } from '@varve/engine/run/worker-pool'
import type { ActionInput, ActionName, ActionOutcome } from '@varve/operations/actions/action-table'
import type { Shown } from '@varve/operations/plans/shown'
import type { PlacesView } from '@varve/protocol/places'
import type { MacHost } from '../platform/macos-host.ts'
import type { WindowsHost } from '../platform/windows-host.ts'
import type { RunToolOptions, ToolCommand, ToolProgress } from '../tools/tool-command.ts'

/** The tools of this host. */
export interface ToolBox {
  /** Absolute path of a tool; null: it is not installed. */
  find(tool: string): Promise<string | null>
  /** Runs it; throws `tool-missing` with the command that installs it, and what `ToolRunner` throws. */
  run<Output>(command: ToolCommand<Output>, options: Omit<RunToolOptions, 'path'>): Promise<Output>
}

export interface WantedPlaces {
  /** Folders that are told of; null: every filesystem that is mounted and can hold images. */
  readonly folders: readonly string[] | null
  readonly signal?: AbortSignal
}

/** Where images can be on this host, asked now. What cannot be read is told as that. */
export type ReadPlaces = (tools: ToolBox, wanted: WantedPlaces) => Promise<PlacesView>

/** What the actions of one host share. */
export interface ActionPorts {
  /** Folders that every path must lie in, resolved; null: anywhere (the command). */
  readonly roots: readonly string[] | null
  readonly tools: ToolBox
  readonly pool: WorkerPool
  /** Threads of one transfer; left out: as many as it is worth. */
  readonly workers?: number
  /** `helps`: the calling thread works too, in a program that has nothing else to do. */
  readonly mainThread?: 'helps'
  readonly findWriters: FindWriters | null
  /** Left out where the system has no reader of its volumes and pools. */
  readonly readPlaces?: ReadPlaces
  /** Disks, machines and distributions as Windows tells them; left out: it is another system. */
  readonly windowsHost?: WindowsHost
  /** Disks as macOS tells them; left out: it is another system. */
  readonly macHost?: MacHost
  /** A passphrase or key that is for this run alone, and is written nowhere; left out: none was given. */
  readonly secret?: Uint8Array
  /** Where this host keeps what outlives a process and is no journal: where quarantines are, what images held. */
  readonly stateFolder?: string
  /** Where this host keeps what lives as long as the machine runs; left out: /run/varve. */
  readonly runtimeFolder?: string
  /** Keeps a device that is worked on; left out: what is noted and held for it. Tests bring one for devices that nobody has attached. */
  readonly holdDevice?: (device: string) => Promise<AsyncDisposable>
  /** Where this host keeps the journals of runs that it carries out by itself. */
  readonly runsFolder?: string
  /** What this host is in its fleet; left out: it is in none. */
  readonly membership?: () => KeptMembership | null
  /** Has this host not fall asleep while something works on it; left out: it does not, or nobody can have it so. */
  readonly keepAwake?: () => Disposable
  /** An action changed what lies in this folder. */
  readonly onFolderChanged?: (folder: string) => void
}

export type ActionProgress =
  | { readonly of: 'transfer'; readonly progress: TransferProgress }
  | { readonly of: 'tool'; readonly progress: ToolProgress }

/** What one action gets besides its input. */
export interface ActionContext {
  readonly ports: ActionPorts
  readonly signal: AbortSignal
  readonly onProgress: (progress: ActionProgress) => void
  /** Takes the manifest of a disk that was read whole; left out: it is kept nowhere. */
  readonly onManifest?: (digest: string, manifest: Manifest) => void
}

/** How this system does an action. `run` may be called again for the same input, after any death in between. */
export interface ActionAdapter<Input = unknown, Outcome = unknown> {
  /** The tools that it runs; the action is offered where they are found. */
  readonly tools: readonly string[]
  /** What is shown is made by the builder that `run` uses. */
  command(input: Input): Shown
  run(input: Input, context: ActionContext): Promise<Outcome>
  /** Asked first when a run goes on after a death: the outcome when all is done already, else null. */
  isDone?(input: Input, context: ActionContext): Promise<Outcome | null>
}

export type AdapterOf<N extends ActionName> = ActionAdapter<ActionInput<N>, ActionOutcome<N>>
/** The actions that a system carries out, each loaded when it is first wanted. */
export type AdapterTable = { readonly [N in ActionName]?: () => Promise<AdapterOf<N>> }
