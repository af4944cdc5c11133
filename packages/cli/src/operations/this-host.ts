import { hostname } from 'node:os'
import { localOperations } from '@varve/agent/operations/local-table'
import { planHere, type LocalOperation } from '@varve/agent/operations/local-operation'
import type { ActionPorts, AdapterTable } from '@varve/agent/actions/adapter'
import { adapterTable } from '@varve/agent/actions/adapter-table'
import type { Platform } from '@varve/agent/platform/platform'
import type { Logger } from '@varve/agent/platform/logger'
import { loggedToolRunner } from '@varve/agent/tools/logged-tool-runner'
import { openLocalRuns, type LocalRuns, type LocalRunsOptions } from '@varve/agent/runs/local-runs'
import { platformTools } from '@varve/agent/tools/tool-box'
import type { Plan, Refusal } from '@varve/operations/plans/plan'
import type { WorkerPool } from '@varve/engine/run/worker-pool'

/** This host, as an agent would see it, without a controller. */
export interface ThisHost {
  readonly name: string
  readonly ports: ActionPorts
  readonly adapters: AdapterTable
  readonly runs: LocalRuns
  plan(
    operation: keyof typeof localOperations,
    request: unknown,
    signal: AbortSignal,
  ): Promise<Plan | Refusal>
}

export interface ThisHostOptions {
  readonly pool: WorkerPool
  /** Where the journals of runs are kept. */
  readonly runsFolder: string
  /** Where what outlives a command is kept besides. */
  readonly stateFolder: string
  readonly log: Logger
}

export async function openThisHost({
  pool,
  runsFolder,
  stateFolder,
  log,
}: ThisHostOptions): Promise<ThisHost> {
  const platform = await loadPlatform()
  const ports: ActionPorts = {
    roots: null,
    tools: platformTools({ ...platform.tools, runner: loggedToolRunner(platform.tools.runner, log) }),
    pool,
    mainThread: 'helps',
    findWriters: platform.findWriters,
    stateFolder,
  }
  const adapters: AdapterTable = adapterTable
  const name = hostname()
  return {
    name,
    ports,
    adapters,
    runs: openLocalRuns({ folder: runsFolder, adapters, ports, onEntry: logEntries(log) }),
    async plan(operation, request, signal) {
      const local: LocalOperation = localOperations[operation]
      return await planHere(local, request, { ports, host: name, signal })
    },
  }
}

/** Says each entry of a journal once it is written; inputs and outcomes, which may hold tokens, are not said. */
function logEntries(log: Logger): NonNullable<LocalRunsOptions['onEntry']> {
  return (when, count, entry) => {
    if (when === 'before') return
    const { event } = entry
    const step = 'step' in entry ? { step: entry.step, attempt: entry.attempt } : {}
    const run = entry.event === 'created' ? { run: entry.run, operation: entry.plan.operation } : {}
    const code = 'error' in entry && entry.error !== null ? { code: entry.error.code } : {}
    log.info({ entry: count, event, ...run, ...step, ...code }, 'a run has written down')
  }
}

async function loadPlatform(): Promise<Platform> {
  switch (process.platform) {
    case 'win32':
      return (await import('@varve/agent-windows/platform')).windowsPlatform()
    case 'darwin':
      return (await import('@varve/agent-macos/platform')).macosPlatform()
    default:
      return (await import('@varve/agent-linux/platform')).linuxPlatform()
  }
}
