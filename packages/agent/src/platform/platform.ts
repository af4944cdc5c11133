import type { Capabilities, HostFacts, LibraryFacts, ToolView } from '@varve/protocol/hosts'
import type { FindWriters } from '@varve/engine/in-use/writers'
import type { AdapterTable, ReadPlaces } from '../actions/adapter.ts'
import type { ToolRunner } from '../tools/tool-command.ts'
import type { ToolEntry } from '../tools/tool-entry.ts'
import type { MacHost } from './macos-host.ts'
import type { WindowsHost } from './windows-host.ts'

export type { Use } from '@varve/core/problems/use'
export type { FileIdentity, FindWriters, OpenWriters } from '@varve/engine/in-use/writers'

/** What a host says about itself, without what the agent adds. */
export type SystemFacts = Pick<HostFacts, 'os' | 'cpus' | 'memory'>

/**
 * What the agent needs from an operating system. Each `agent-*` package brings one.
 * Paths are absolute; a fact that the system does not tell is null, never a guess.
 */
export interface Platform {
  readonly name: HostFacts['os']['platform']
  /** Plain data from which the controller decides what it may ask. */
  readonly capabilities: Capabilities
  systemFacts(): Promise<SystemFacts>
  /** L1 and L0 below a folder; throws `not-found` or `not-readable`. */
  libraryFacts(path: string): Promise<Omit<LibraryFacts, 'name' | 'path'>>
  readonly tools: {
    /** Every tool that Varve knows on this system, installed or not. */
    readonly table: readonly ToolEntry[]
    /** Where tools are looked for, in order. */
    readonly folders: readonly string[]
    /** Endings of executable files, such as `.exe`; an empty string for none. */
    readonly suffixes: readonly string[]
    readonly runner: ToolRunner
  }
  /** Parts of the system and rights that decide what can be done besides tools, asked once; what lacks has no path. Never rejects. */
  readonly parts?: () => Promise<readonly ToolView[]>
  /** What this system does besides what is done alike on every one. */
  readonly actions?: AdapterTable
  /** A fresh look at who uses which file; null where the system does not tell. */
  readonly findWriters: FindWriters | null
  /** Volumes, pools and folders of this host; left out where nothing reads them yet. */
  readonly readPlaces?: ReadPlaces
  /** Has the host not fall asleep until what it gives is disposed of; left out where hosts do not, or nothing can. */
  readonly keepAwake?: () => Disposable
  /** Of Windows only. */
  readonly windowsHost?: WindowsHost
  /** Of macOS only. */
  readonly macHost?: MacHost
}
