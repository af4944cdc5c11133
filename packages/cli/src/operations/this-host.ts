import { hostname } from 'node:os'
import { planHere, type LocalOperation } from '@varve/agent/operations/local-operation'
import type { ActionPorts, AdapterTable, ReadPlaces, ToolBox } from '@varve/agent/actions/adapter'
import { adapterTable } from '@varve/agent/actions/adapter-table'
import { linuxAdapters } from '@varve/agent-linux/actions/adapter-table'
import { keepingAwake } from '@varve/agent-macos/keep-awake'
import { macosAdapters } from '@varve/agent-macos/actions/adapter-table'
import { windowsAdapters } from '@varve/agent-windows/actions/adapter-table'
import { ownScripts } from '@varve/agent-windows/powershell/own-scripts'
import type { MacHost } from '@varve/agent/platform/macos-host'
import type { WindowsHost } from '@varve/agent/platform/windows-host'
import type { Platform } from '@varve/agent/platform/platform'
import type { Logger } from '@varve/agent/platform/logger'
import { openLocalRuns, type LocalRuns, type LocalRunsOptions } from '@varve/agent/runs/local-runs'
import { askSystemBy, findWriters } from '@varve/engine/in-use/find-writers'
import type { FindWritersOptions, OpenWriters } from '@varve/engine/in-use/writers'
import type { Plan, Refusal } from '@varve/operations/plans/plan'
import type { RunContext } from '../command.ts'

/** This host, as an agent would see it, without a controller. */
export interface ThisHost {
  readonly name: string
  readonly ports: ActionPorts
  readonly adapters: AdapterTable
  readonly runs: LocalRuns
  plan(local: LocalOperation, request: unknown, signal: AbortSignal): Promise<Plan | Refusal>
}

/** What the host's system is like is loaded when a tool is first asked for: most commands run none. */
export function openThisHost({ pool, log, config }: RunContext, secret?: Uint8Array): ThisHost {
  // Linux is asked without a tool.
  if (process.platform !== 'linux') askSystemBy(askPlatform)
  const { runsFolder, stateFolder, runtimeFolder } = config
  const ports: ActionPorts = {
    roots: null,
    tools: lazyTools(log),
    pool,
    mainThread: 'helps',
    findWriters,
    ...(process.platform === 'linux' && { readPlaces }),
    ...(process.platform === 'win32' && { readPlaces: readDrives, windowsHost }),
    ...(process.platform === 'darwin' && { readPlaces: readMacPlaces, macHost, keepAwake: keepingAwake() }),
    stateFolder,
    ...(runtimeFolder !== null && { runtimeFolder }),
    runsFolder,
    ...(secret && { secret }),
  }
  const adapters = ownAdapters()
  const name = hostname()
  return {
    name,
    ports,
    adapters,
    runs: openLocalRuns({ folder: runsFolder, adapters, ports, onEntry: logEntries(log) }),
    plan: async (local, request, signal) => planHere(local, request, { ports, host: name, signal }),
  }
}

function ownAdapters(): AdapterTable {
  switch (process.platform) {
    case 'linux':
      return linuxAdapters
    case 'win32':
      return windowsAdapters({ scripts: ownScripts, windows: windowsHost })
    case 'darwin':
      return macosAdapters({ mac: macHost })
    default:
      return adapterTable
  }
}

let loadedWindows: Promise<WindowsHost> | null = null

async function loadWindows(): Promise<WindowsHost> {
  return await (loadedWindows ??= makeWindows())
}

async function makeWindows(): Promise<WindowsHost> {
  const [{ windowsHost: ofPorts }, { ExecaToolRunner }, { wslProgram }] = await Promise.all([
    import('@varve/agent-windows/host/windows-host'),
    import('@varve/agent/tools/execa-tool-runner'),
    import('@varve/agent-windows/config'),
  ])
  return ofPorts({ scripts: ownScripts, runner: new ExecaToolRunner(), wsl: wslProgram() })
}

/** What this Windows knows, loaded when it is first asked. */
export const windowsHost: WindowsHost = {
  disks: async (notesFolder) => (await loadWindows()).disks(notesFolder),
  machines: async () => (await loadWindows()).machines(),
  copyAccess: async (from, to) => (await loadWindows()).copyAccess(from, to),
  distributions: async () => (await loadWindows()).distributions(),
  wslVersion: async () => (await loadWindows()).wslVersion(),
}

async function loadMac(): Promise<MacHost> {
  const { macHost: ofPlatform } = await loadPlatform()
  if (ofPlatform) return ofPlatform
  throw new RangeError('the platform of macOS knows its disks')
}

/** What this Mac knows, loaded when it is first asked. */
export const macHost: MacHost = {
  disks: async (notesFolder, options) => (await loadMac()).disks(notesFolder, options),
  attachedImages: async () => (await loadMac()).attachedImages(),
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

function lazyTools(log: Logger): ToolBox {
  let loaded: Promise<ToolBox> | null = null
  const load = async (): Promise<ToolBox> => {
    const [{ tools }, { platformTools }, { loggedToolRunner }] = await Promise.all([
      loadPlatform(),
      import('@varve/agent/tools/tool-box'),
      import('@varve/agent/tools/logged-tool-runner'),
    ])
    return platformTools({ ...tools, runner: loggedToolRunner(tools.runner, log) })
  }
  const tools = async () => (loaded ??= load())
  return {
    find: async (tool) => (await tools()).find(tool),
    run: async (command, options) => (await tools()).run(command, options),
  }
}

const readPlaces: ReadPlaces = async (tools, wanted) => {
  const { readLinuxPlaces } = await import('@varve/agent-linux/places/read-linux-places')
  return await readLinuxPlaces(tools, wanted)
}

const readMacPlaces: ReadPlaces = async (tools, wanted) => {
  const { readPlaces: read } = await loadPlatform()
  if (read) return await read(tools, wanted)
  throw new RangeError('the platform of macOS reads its places')
}

const readDrives: ReadPlaces = async (tools, wanted) => {
  const { readWindowsPlaces } = await import('@varve/agent-windows/places/read-windows-places')
  return await readWindowsPlaces({ scripts: ownScripts, windows: windowsHost })(tools, wanted)
}

/** Who uses files, as the tools of this system tell. */
async function askPlatform(options: FindWritersOptions = {}): Promise<OpenWriters> {
  const { name, findWriters: find } = await loadPlatform()
  return find ? await find(options) : { of: () => [], unseen: [{ what: 'not-told', system: name }] }
}

let loadedPlatform: Promise<Platform> | null = null

async function loadPlatform(): Promise<Platform> {
  return await (loadedPlatform ??= makePlatform())
}

async function makePlatform(): Promise<Platform> {
  switch (process.platform) {
    case 'win32':
      return (await import('@varve/agent-windows/platform')).windowsPlatform()
    case 'darwin':
      return (await import('@varve/agent-macos/platform')).macosPlatform()
    default:
      return (await import('@varve/agent-linux/platform')).linuxPlatform()
  }
}
