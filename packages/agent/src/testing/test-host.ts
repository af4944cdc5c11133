import { WorkerPool } from '@varve/engine/run/worker-pool'
import { findWriters } from '@varve/engine/in-use/find-writers'
import type { FindWriters } from '@varve/engine/in-use/writers'
import { join } from 'node:path'
import type { ActionPorts, AdapterTable, ReadPlaces } from '../actions/adapter.ts'
import { adapterTable } from '../actions/adapter-table.ts'
import { planHere, type LocalOperation } from '../operations/local-operation.ts'
import { findLocalOperation } from '../operations/local-table.ts'
import { openLocalRuns, type LocalRuns, type LocalRunsOptions } from '../runs/local-runs.ts'
import { ExecaToolRunner } from '../tools/execa-tool-runner.ts'
import type { ToolRunner } from '../tools/tool-command.ts'
import type { MacHost } from '../platform/macos-host.ts'
import type { WindowsHost } from '../platform/windows-host.ts'
import { platformTools } from '../tools/tool-box.ts'
import type { DeviceWays } from '@varve/operations/attach/facts'
import type { Plan, Refusal } from '@varve/operations/plans/plan'

/** One host for tests: the real adapters and tools, journals below a folder. */
export interface TestHost extends AsyncDisposable {
  readonly ports: ActionPorts
  readonly runs: LocalRuns
  plan(operation: string, request: unknown): Promise<Plan | Refusal>
}

export interface TestHostOptions extends Pick<LocalRunsOptions, 'onEntry'> {
  readonly roots?: readonly string[]
  /** Of its system; left out: what is done alike on every one. */
  readonly adapters?: AdapterTable
  readonly readPlaces?: ReadPlaces
  readonly runner?: ToolRunner
  /** Where tools are besides. */
  readonly toolFolders?: readonly string[]
  /** Left out: it is no Windows. */
  readonly windowsHost?: WindowsHost
  /** Left out: it is no Mac. */
  readonly macHost?: MacHost
  /** A passphrase that its actions get. */
  readonly secret?: Uint8Array
  /** Who uses which file; left out: as this system tells. */
  readonly findWriters?: FindWriters
  /** What it makes devices with, where that is said otherwise than it is found. */
  readonly ways?: Partial<DeviceWays>
}

export function openTestHost(folder: string, options: TestHostOptions = {}): TestHost {
  const pool = new WorkerPool()
  const folders = [...(options.toolFolders ?? []), ...(process.env['PATH'] ?? '').split(':')]
  const ports: ActionPorts = {
    roots: options.roots ?? null,
    tools: platformTools({
      table: [],
      folders,
      suffixes: [''],
      runner: options.runner ?? new ExecaToolRunner(),
    }),
    pool,
    findWriters: options.findWriters ?? (async () => findWriters()),
    ...(options.readPlaces && { readPlaces: options.readPlaces }),
    ...(options.windowsHost && { windowsHost: options.windowsHost }),
    ...(options.macHost && { macHost: options.macHost }),
    ...(options.secret && { secret: options.secret }),
    stateFolder: join(folder, 'state'),
    runtimeFolder: join(folder, 'run'),
    runsFolder: join(folder, 'runs'),
  }
  const adapters: AdapterTable = options.adapters ?? adapterTable
  const { onEntry } = options
  return {
    ports,
    runs: openLocalRuns({ folder: join(folder, 'runs'), adapters, ports, ...(onEntry && { onEntry }) }),
    async plan(name, request) {
      const operation = withWays(await findLocalOperation(name), options.ways)
      return await planHere(operation, request, { ports, host: 'here', signal: new AbortController().signal })
    },
    [Symbol.asyncDispose]: async () => pool[Symbol.asyncDispose](),
  }
}

function withWays(local: LocalOperation, ways: Partial<DeviceWays> | undefined): LocalOperation {
  if (!ways) return local
  return {
    operation: local.operation,
    async gather(request, context) {
      const facts = (await local.gather(request, context)) as { readonly ways?: DeviceWays }
      return facts.ways ? { ...facts, ways: { ...facts.ways, ...ways } } : facts
    },
  }
}
