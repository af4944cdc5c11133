import { existsSync } from 'node:fs'
import { chmod, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { randomUUID } from 'node:crypto'
import { dirname, isAbsolute } from 'node:path'
import type { AgentConfig } from '@varve/agent/config'
import { serviceConfig, wordsOf } from '@varve/agent/service/service-config'
import { writeSettings } from '@varve/agent/service/settings'
import { isDiskError } from '@varve/core/problems/disk-error'
import { arrayAt, parsePropertyList } from '@varve/core/text/property-list'
import { writePropertyList } from '@varve/core/text/write-property-list'
import { syncPath } from '@varve/engine/files/sync-file'
import { makeFolder } from '@varve/engine/system/make-folder'
import { systemCode, writeError } from '@varve/engine/system/system-error'
import { serviceData } from '../config.ts'
import { lintPropertyList } from '../tools/plutil/commands.ts'
import { agentService, steady, type Program, type ServicePlace } from './definition.ts'
import { launchdOf, type LaunchTools, type ServiceStatus } from './launchd.ts'
import { serviceFault } from './service-fault.ts'

/** What the words of `varve-agent service` work with. */
export interface ServiceTools extends LaunchTools {
  readonly program: Program
  /** That of the Mac, which a person may have besides. */
  readonly daemon: ServicePlace
  readonly plutil?: string
}

export interface Installed {
  /** Null: it was not to be started. */
  readonly status: ServiceStatus | null
  readonly data: string
  readonly libraries: AgentConfig['libraries']
}

/**
 * Installs the agent as a service that starts with the Mac, or with the session of a person, or changes it: with the libraries
 * and settings in `args`, else those of before. Throws `ConfigError` and `service-failed`.
 */
export async function installService(
  tools: ServiceTools,
  args: readonly string[],
  { isStarted }: { readonly isStarted: boolean },
): Promise<Installed> {
  const { place, daemon, program } = tools
  if (place.plist !== daemon.plist && existsSync(daemon.plist))
    throw serviceFault('exists', { what: 'install it', log: daemon.log })
  const data = serviceData(args)
  const config = await serviceConfig(args, data)
  const launchd = launchdOf(tools)
  await launchd.stop()
  await makeFolder(data, 0o700)
  await writeSettings(data, wordsOf(config))
  await mkdir(dirname(place.log), { recursive: true })
  await writeDefinition(
    tools,
    writePropertyList(agentService(steady(program), { data, log: place.log }), place.plist),
  )
  return { data, libraries: config.libraries, status: isStarted ? await launchd.start() : null }
}

/** The whole property list or none, as launchd takes it: of its owner, whom alone it lets write. */
async function writeDefinition(tools: ServiceTools, bytes: Uint8Array): Promise<void> {
  const { plist } = tools.place
  const staged = `${plist}.${randomUUID()}`
  try {
    await mkdir(dirname(plist), { recursive: true })
    await writeFile(staged, bytes, { flush: true, flag: 'wx' })
    await chmod(staged, 0o644)
    await lint(tools, staged)
    await rename(staged, plist)
    await syncPath(dirname(plist))
  } catch (error) {
    throw isRefusal(error)
      ? serviceFault('no-rights', { what: 'install it', log: tools.place.log })
      : writeError(error, plist)
  } finally {
    await rm(staged, { force: true })
  }
}

const isRefusal = (error: unknown) => ['EACCES', 'EPERM'].includes(systemCode(error) ?? '')

/** Only where plutil is; launchd would refuse what it refuses. */
async function lint({ runner, plutil = '/usr/bin/plutil' }: ServiceTools, path: string): Promise<void> {
  try {
    await runner.run(lintPropertyList(path), { path: plutil, file: path })
  } catch (error) {
    if (!isDiskError(error, 'tool-missing')) throw error
  }
}

export async function startService(tools: ServiceTools): Promise<ServiceStatus> {
  assertInstalled(tools, 'start it')
  return await launchdOf(tools).start()
}

export async function stopService(tools: ServiceTools): Promise<void> {
  assertInstalled(tools, 'stop it')
  await launchdOf(tools).stop()
}

/** Takes the service away; what it kept stays. Gives whether there was one. */
export async function removeService(tools: ServiceTools): Promise<boolean> {
  const { plist } = tools.place
  const wasThere = existsSync(plist)
  if (!wasThere) refuseOther(tools, 'remove it')
  await launchdOf(tools).stop()
  await rm(plist, { force: true })
  return wasThere
}

/** How it stands, and the words that start it. */
export async function serviceStatus(
  tools: ServiceTools,
): Promise<{ readonly status: ServiceStatus | null; readonly program: readonly string[] }> {
  // Everybody may look at that of the Mac.
  const place = existsSync(tools.place.plist) ? tools.place : tools.daemon
  if (!existsSync(place.plist)) throw serviceFault('absent', { what: 'ask for it', log: place.log })
  const list = parsePropertyList(await readFile(place.plist), {
    file: place.plist,
    structure: 'definition of the service',
  })
  const program = (arrayAt(list, 'ProgramArguments') ?? []).filter((word) => typeof word === 'string')
  return { status: await launchdOf({ ...tools, place }).status(), program }
}

/** The data folder that the service was installed with. */
export function dataOf(program: readonly string[]): string | null {
  const folder = program[program.indexOf('--data') + 1]
  return program.includes('--data') && folder !== undefined && isAbsolute(folder) ? folder : null
}

function assertInstalled(tools: ServiceTools, what: string): void {
  if (existsSync(tools.place.plist)) return
  refuseOther(tools, what)
  throw serviceFault('absent', { what, log: tools.place.log })
}

/** What a person asked of the service of the Mac. */
function refuseOther({ place, daemon }: ServiceTools, what: string): void {
  if (place.plist !== daemon.plist && existsSync(daemon.plist))
    throw serviceFault('no-rights', { what, log: daemon.log })
}
