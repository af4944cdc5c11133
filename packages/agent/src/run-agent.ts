import { randomUUID } from 'node:crypto'
import { realpath, stat } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { DiskError } from '@varve/core/problems/disk-error'
import { bootId } from '@varve/engine/in-use/boot-id'
import { systemCode } from '@varve/engine/system/system-error'
import { isOfDevices } from '@varve/engine/files/library-roots'
import { nodeFiles } from '@varve/engine/files/node-files'
import { WorkerPool } from '@varve/engine/run/worker-pool'
import type { AgentCommand, Hello } from '@varve/protocol/agent'
import type { FormatChoice } from '@varve/protocol/images'
import { oldestProtocol, protocolVersion } from '@varve/protocol/primitives'
import { ConfigError, type AgentConfig } from './config.ts'
import { dialController } from './connection/agent-client.ts'
import { openSeenFile } from './connection/seen-file.ts'
import { stayConnected } from './connection/connection.ts'
import type { Session } from './connection/deliver-reports.ts'
import { Outbox } from './connection/outbox.ts'
import { tellPlaces } from './connection/tell-places.ts'
import { holdDataFolder } from './data-lock.ts'
import { gatherHostFacts, gatherPlaces } from './host-facts.ts'
import { assertOwnAddress, exportServer } from './jobs/export-server.ts'
import { ExportTable } from './jobs/export-table.ts'
import { JobRunner } from './jobs/job-runner.ts'
import type { JobPorts } from './jobs/job-context.ts'
import { openPublications } from './jobs/publications.ts'
import { RunningPulls } from './jobs/running-pulls.ts'
import { openFleetLocks } from './runs/fleet-locks.ts'
import { RunningUploads } from './jobs/running-uploads.ts'
import { FormatChoices } from './library/format-choices.ts'
import { InspectPool } from './library/inspect-pool.ts'
import { Inventory } from './library/inventory.ts'
import { LibraryScanner, type ScanTimes } from './library/keep-scanning.ts'
import { isBelow } from './library/library-path.ts'
import type { Library } from './library/library.ts'
import { VolumePlaces } from './library/volume-places.ts'
import type { ScanPorts } from './library/scan.ts'
import type { Logger } from './platform/logger.ts'
import type { Platform } from './platform/platform.ts'
import { adapterTable } from './actions/adapter-table.ts'
import { streamClient } from './streams/stream-client.ts'
import { createFleetMembership } from './trust/fleet-membership.ts'
import { probeTools } from './tools/probe-tools.ts'
import { platformTools } from './tools/tool-box.ts'
import { releaseSource } from './update/fetch-release.ts'
import { createLeaving } from './update/leaving.ts'
import { createSelfUpdate } from './update/self-update.ts'
import { watchTrial } from './update/watch-trial.ts'

/** Jobs get this long to clean up when the agent stops. */
const stopMs = 1200
/** The ends of canceled jobs get this long to reach the controller. */
const lastWordsMs = 250
const mostWorkers = 8
/** How often it is looked whether the certificate is to be renewed. */
const renewalMs = 600_000
/** How long the first scan waits for the controller. */
const formatsPatienceMs = 3000

export interface AgentOptions {
  readonly config: AgentConfig
  readonly platform: Platform
  readonly log: Logger
  readonly scanTimes?: ScanTimes
  /** Called each time the controller has welcomed this agent. */
  readonly onConnected?: () => void
}

export interface RunningAgent {
  /** Cancels jobs, closes exports and connections; well under two seconds. */
  stop(): Promise<void>
  /** Settles when it is to be stopped and started anew, as another build. */
  readonly due: Promise<void>
}

/** Starts an agent; throws `ConfigError` when a library or the address cannot be used. It runs until `stop`. */
export async function runAgent(options: AgentOptions): Promise<RunningAgent> {
  const { config, platform, log } = options
  const toolBox = platformTools(platform.tools)
  const { readPlaces, windowsHost, macHost, keepAwake } = platform
  const volumePlaces = new VolumePlaces({ tools: toolBox, ...(readPlaces && { readPlaces }) })
  const libraries = await openLibraries(config, volumePlaces)
  const roots = libraries.map(({ root }) => root)
  const stopped = new AbortController()
  const { signal } = stopped
  const dataFolder = config.data === null ? null : await holdDataFolder(config.data).catch(notUsable(config))
  const publications = await openPublications(config.data).catch(notUsable(config))
  const locks = await openFleetLocks(config.data)
  let session: Session | null = null
  const freeEnded = async (open: readonly string[], token: string | null = null): Promise<void> => {
    await locks.keep(open).catch((error: unknown) => log.error({ err: error }, 'an image could not be freed'))
    // A controller that did not wait for it hears of it with the next hello.
    if (token !== null) await session?.client.freed(session.id, token).catch(() => {})
  }
  const membership = await createFleetMembership({
    kept: config.membership,
    folder: config.data,
    accessFolder: config.accessFolder,
    log,
  })
  const exports = new ExportTable()
  await assertOwnAddress(config.nbdHost).catch((error: unknown) => {
    throw new ConfigError(
      `--nbd-host ${config.nbdHost}: cannot listen there (${systemCode(error) ?? 'failed'})`,
    )
  })
  const server = exportServer(config.nbdHost, { exports, membership: () => membership.kept, log })
  const outbox = new Outbox()
  const inventory = new Inventory(
    libraries.map(({ name }) => name),
    { onWanted: (library, names) => scannerOf(library)?.lookAgainAt(names) },
  )
  const files = nodeFiles({ roots })
  const { findWriters } = platform
  const inspections = new InspectPool({ roots })
  const formats = new FormatChoices(libraries)
  const scanPorts: ScanPorts = {
    inspect: (path, how) => inspections.inspect(path, how),
    files,
    findWriters,
    formats,
    roots,
    log,
  }
  const scanning = {
    inventory,
    ports: scanPorts,
    log,
    signal,
    ...(options.scanTimes && { times: options.scanTimes }),
  }
  const scanners = libraries.map((library) => new LibraryScanner(library, scanning))
  const scannerOf = (name: string) => scanners.find(({ library }) => library.name === name)
  const pool = new WorkerPool()
  const workers = Math.min(availableParallelism(), mostWorkers)
  const update =
    config.installation &&
    createSelfUpdate({
      installation: config.installation,
      source: releaseSource(config.controller, () => membership.wires().fetch),
      tools: toolBox,
      runner: platform.tools.runner,
      log,
    })
  const leaving = createLeaving({
    isIdle: () => jobs.running.length <= 1 && exports.size === 0,
    hasWords: () => outbox.jobs().length > 0 || jobs.running.length > 0,
  })
  const ports: JobPorts = {
    libraries,
    files,
    inspect: (path, how) => inspections.inspect(path, how),
    formats,
    exports,
    exportServer: server,
    publications,
    pulls: new RunningPulls(),
    locks,
    uploads: new RunningUploads(),
    streams: streamClient(config.controller, () => membership.wires().fetch),
    findWriters,
    workers,
    pool,
    here: {
      name: config.name,
      platform: platform.name,
      adapters: { ...adapterTable, ...platform.actions },
      actions: {
        roots,
        tools: toolBox,
        pool,
        workers,
        findWriters,
        ...(readPlaces && { readPlaces }),
        ...(windowsHost && { windowsHost }),
        ...(keepAwake && { keepAwake }),
        ...(macHost && { macHost }),
        ...(config.data !== null && { stateFolder: config.data }),
        membership: () => membership.kept,
        onFolderChanged(folder) {
          for (const scanner of scanners) if (isBelow(scanner.library.root, folder)) scanner.look()
        },
      },
    },
    ...(update && { update: { program: update, leaving } }),
    onLibraryChanged: (library) => scanners.find((scanner) => scanner.library === library)?.look(),
  }
  const jobs = new JobRunner({ ports, outbox, log })
  const [parts, found] = await Promise.all([platform.parts?.() ?? [], probeTools(platform.tools, signal)])
  const tools = [...parts, ...found]
  const told = { platform, libraries, volumePlaces }
  const instance = randomUUID()
  const seenFile = await openSeenFile(config.data, log)

  const hello = async (): Promise<Hello> => ({
    protocolVersion: oldestProtocol,
    speaks: protocolVersion,
    instance,
    boot: bootId(),
    facts: await gatherHostFacts({
      name: config.name,
      tools,
      program: (await update?.program().catch(() => null)) ?? null,
      ...told,
    }),
    jobs: [...new Set([...jobs.running, ...outbox.jobs()])],
    inventory: inventory.states(),
    seen: seenFile.seen,
  })

  const takeFormats = (choices: readonly FormatChoice[]): void => {
    if (formats.set(choices)) for (const scanner of scanners) scanner.look()
  }

  const takeRoots = async (roots: readonly string[]): Promise<void> => {
    await membership.takeRoots(roots)
    if (session && (await membership.renewIfDue(session))) session.client.close()
  }
  const keepRenewing = async (begun: Session): Promise<void> => {
    for (;;) {
      const isRenewed = await membership.renewIfDue(begun).catch((error: unknown) => {
        log.error({ err: error }, 'the certificate could not be renewed')
        return false
      })
      // The new one is shown by a new connection.
      if (isRenewed) return begun.client.close()
      await sleep(renewalMs, undefined, { signal: begun.signal })
    }
  }

  const welcomed = new AbortController()
  /** The first scan waits for what the controller remembers of formats, but not for a controller that is away. */
  const scan = async (scanner: LibraryScanner): Promise<void> => {
    const either = AbortSignal.any([welcomed.signal, signal])
    await sleep(formatsPatienceMs, undefined, { signal: either }).catch(() => {})
    await scanner.run()
  }

  const onCommand = (command: AgentCommand): void => {
    switch (command.kind) {
      case 'start-job':
        if (leaving.isLeaving) jobs.refuse(command.jobId, startsAnew(config.name))
        else jobs.start(command)
        break
      case 'cancel-job':
        jobs.cancel(command.jobId)
        break
      case 'rescan':
        for (const scanner of scanners) {
          scanner.forget()
          scanner.look()
        }
        break
      case 'runs':
        void freeEnded(command.open, command.token)
        break
      case 'formats':
        takeFormats(command.formats)
        break
      case 'trust':
        if (command.barred) server.bar(command.barred)
        void takeRoots(command.roots)
        break
    }
  }

  if (update) void watchTrial({ update, leaving, log, signal })

  const work = [
    ...scanners.map(scan),
    stayConnected({
      url: config.controller,
      dial: (url) => dialController(url, { WebSocket: membership.wires().WebSocket }),
      hello,
      onCommand,
      onTaken: (sequence) => seenFile.commanded(sequence),
      onNotUnderstood: (jobId) => jobs.refuse(jobId, notUnderstood(config.name)),
      async onSession(begun) {
        session = begun
        await Promise.all([
          inventory.deliver(begun, log),
          tellPlaces(begun, () => gatherPlaces(told)),
          keepRenewing(begun),
        ])
      },
      onConnected(welcome) {
        takeFormats(welcome.formats)
        if (welcome.runs) void freeEnded(welcome.runs)
        if (welcome.barred) server.bar(welcome.barred)
        if (welcome.roots) void takeRoots(welcome.roots)
        if (welcome.start) seenFile.welcomed(welcome.start)
        welcomed.abort()
        options.onConnected?.()
      },
      outbox,
      log,
      signal,
    }),
  ]
  for (const task of work)
    task.catch((error: unknown) => log.error({ err: error }, 'a part of the agent failed'))
  log.info({ name: config.name, libraries }, 'agent started')
  if (config.membership === null && config.controller.startsWith('wss:'))
    log.warn(
      { controller: config.controller },
      'this host has not joined a fleet: varve agents token on the controller makes a token for varve agent join',
    )

  let stopping: Promise<void> | null = null
  const stop = async (): Promise<void> => {
    await jobs.stop(stopMs)
    if (outbox.jobs().length > 0) await sleep(lastWordsMs)
    stopped.abort()
    await Promise.all([exports.closeAll(), inspections[Symbol.asyncDispose](), pool[Symbol.asyncDispose]()])
    await Promise.all([server.close(), seenFile.flush()])
    await Promise.allSettled(work)
    await dataFolder?.[Symbol.asyncDispose]()
  }
  return { stop: async () => (stopping ??= stop()), due: leaving.due }
}

function notUsable({ data }: AgentConfig): (error: unknown) => never {
  return (error) => {
    if (error instanceof ConfigError) throw error
    const cause = error instanceof Error ? error.cause : undefined
    const code = systemCode(error) ?? 'failed'
    throw new ConfigError(`--data ${data ?? ''}: cannot be used (${systemCode(cause) ?? code})`)
  }
}

/** The libraries with their real paths; each is a folder, and none lies inside another. */
async function openLibraries({ libraries }: AgentConfig, volumes: VolumePlaces): Promise<Library[]> {
  const opened = await Promise.all(libraries.map(async (library) => openLibrary(library, volumes)))
  for (const library of opened) {
    const outer = opened.find((other) => other !== library && isBelow(other.root, library.root))
    if (outer) {
      throw new ConfigError(
        `--library ${library.name}: it lies inside the library ${outer.name}, whose images are found in its folders too`,
      )
    }
  }
  return opened
}

async function openLibrary(
  { name, path }: AgentConfig['libraries'][number],
  volumes: VolumePlaces,
): Promise<Library> {
  const refuse = (reason: string) => new ConfigError(`--library ${name}=${path}: ${reason}`)
  const root = await realpath(path).catch(async (error: unknown) => {
    if (systemCode(error) !== 'ENOENT') throw refuse('it cannot be opened')
    if (!isOfDevices(path)) throw refuse('there is no such folder')
    // The kernel makes the folder with the first volume in it.
    const { volumes: told } = await volumes.of(path)
    if (!told || told.fault) throw refuse(told?.fault?.reason ?? 'there is no such folder')
    return null
  })
  if (root === null) return { name, root: path }
  if (!(await stat(root)).isDirectory()) throw refuse('it is not a folder')
  return { name, root }
}

/** What the controller takes for an agent that was started anew, as it is: it asks again. */
function startsAnew(host: string): DiskError {
  return new DiskError('agent-gone', { file: host, host })
}

function notUnderstood(host: string): DiskError {
  return new DiskError('refused', {
    file: host,
    reason: `the agent on ${host} does not know such a job`,
    remedy: 'Update the agent and the controller to the same version.',
  })
}
