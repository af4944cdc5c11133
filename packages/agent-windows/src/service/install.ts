import { existsSync } from 'node:fs'
import { isAbsolute } from 'node:path'
import type { AgentConfig } from '@varve/agent/config'
import { serviceConfig, wordsOf } from '@varve/agent/service/service-config'
import { readSettings, writeSettings } from '@varve/agent/service/settings'
import type { ToolRunner } from '@varve/agent/tools/tool-command'
import { isDiskError } from '@varve/core/problems/disk-error'
import { makeFolder } from '@varve/engine/system/make-folder'
import { serviceData, systemFolder } from '../config.ts'
import { agentService, manageVolumes, passThrough, serviceName, type Program } from './definition.ts'
import { closeTo, folderRights, letIn, letOut } from './folder-rights.ts'
import type { ServiceStatus, ServiceSystem } from './service-system.ts'
import { hyperVAdministrators, virtualAccount, virtualAccountSid } from './virtual-account.ts'
import {
  waitUntilGone,
  waitUntilRunning,
  waitUntilSettled,
  waitUntilStopped,
  type WaitTimes,
} from './wait-for-state.ts'

/** What the words of `varve-agent service` work with. */
export interface ServiceTools {
  readonly system: ServiceSystem
  readonly runner: ToolRunner
  readonly program: Program
  readonly times?: WaitTimes
}

export interface Installed {
  /** Null: it was not to be started. */
  readonly status: ServiceStatus | null
  readonly account: string
  readonly data: string
  readonly libraries: AgentConfig['libraries']
  /** What this host does not have, and what that means. */
  readonly remarks: readonly string[]
}

const account = virtualAccountSid(serviceName)
const waiting = ({ system: { services }, times }: ServiceTools) => ({ services, ...(times && { times }) })

/**
 * Installs the agent as a service that starts with the system, or changes it: with the libraries and settings in `args`, else
 * those of before. Its account gets its rights, and no more. Throws `ConfigError` and `service-failed`.
 */
export async function installService(
  tools: ServiceTools,
  args: readonly string[],
  { isStarted }: { readonly isStarted: boolean },
): Promise<Installed> {
  const { system, program } = tools
  const { services, rights, events } = system
  const data = serviceData(args)
  const config = await serviceConfig(args, data)
  const remarks: string[] = []

  // Whoever may not install is told so before anything was changed.
  const before = services.defined(serviceName)
  const privileges = [passThrough, ...(rights.grant(account, manageVolumes) ? [manageVolumes] : [])]
  if (privileges.length === 1)
    remarks.push('The right to maintain volumes was not to be had: images are not attached without Hyper-V.')
  const definition = agentService(program, { data, privileges })
  if (before !== null) await stopService(tools)
  const lacking =
    before === null ? services.create(serviceName, definition) : services.change(serviceName, definition)
  remarks.push(...lacking.map((what) => `This Windows does not have for a service: ${what}.`))
  events.addSource(serviceName)
  if (rights.join(hyperVAdministrators, account) === 'no-group')
    remarks.push(
      'This Windows has no group Hyper-V Administrators, so no Hyper-V: its machines are not seen.',
    )

  const give = folderRights(tools.runner, systemFolder())
  await makeFolder(data)
  await give(closeTo(data, account))
  for (const { path } of config.libraries) remarks.push(...(await openLibrary(path, give)))
  await writeSettings(data, wordsOf(config))
  const installed = { account: virtualAccount(serviceName), data, libraries: config.libraries, remarks }
  return { ...installed, status: isStarted ? await startService(tools) : null }
}

/** Whose rights are those of another computer. */
function isShare(path: string): boolean {
  return /^\\\\(?!\?\\[a-z]:)/iu.test(path)
}

/** A filesystem without rights, or a share, is used as it is: gives what a person has to see to. */
async function openLibrary(path: string, give: ReturnType<typeof folderRights>): Promise<string[]> {
  if (/^\\\\(?!\?\\[a-z]:)/iu.test(path))
    return [
      `${path} is a share: there the service is the account of this computer, which needs the right to change files.`,
    ]
  try {
    await give(letIn(path, account))
    return []
  } catch (error) {
    if (!isDiskError(error)) throw error
    return [`${path} could not be opened to the account of the service: ${error.message}`]
  }
}

export async function startService(tools: ServiceTools): Promise<ServiceStatus> {
  tools.system.services.start(serviceName)
  return await waitUntilRunning(serviceName, waiting(tools))
}

export async function stopService(tools: ServiceTools): Promise<void> {
  await waitUntilSettled(serviceName, waiting(tools))
  tools.system.services.stop(serviceName)
  await waitUntilStopped(serviceName, waiting(tools))
}

export interface Removed {
  /** Whether there was one. */
  readonly wasThere: boolean
  /** What could not be done. */
  readonly remarks: readonly string[]
}

/** Takes the service away with the rights of its account, and what is left of one that was half removed; what it kept stays. */
export async function removeService(tools: ServiceTools, args: readonly string[]): Promise<Removed> {
  const { services, rights, events } = tools.system
  const defined = services.defined(serviceName)
  const data = dataOf(defined?.commandLine ?? '') ?? serviceData(args)
  if (defined !== null) {
    await stopService(tools)
    services.remove(serviceName)
    await waitUntilGone(serviceName, waiting(tools))
  }
  rights.leave(hyperVAdministrators, account)
  rights.revoke(account)
  events.removeSource(serviceName)
  const give = folderRights(tools.runner, systemFolder())
  const remarks: string[] = []
  for (const folder of [data, ...(await libraryFolders(data))]) {
    if (isShare(folder) || !existsSync(folder)) continue
    try {
      await give(letOut(folder, account))
    } catch (error) {
      if (!isDiskError(error)) throw error
      remarks.push(`${folder} still lists the account of the service: ${error.message}`)
    }
  }
  return { wasThere: defined !== null, remarks }
}

/** The data folder that a command line names. */
function dataOf(line: string): string | null {
  const [, quoted, bare] = / --data (?:"([^"]+)"|(\S+))/u.exec(line) ?? []
  const folder = quoted ?? bare
  return folder !== undefined && isAbsolute(folder) ? folder : null
}

/** A file of settings that is damaged keeps nobody from removing. */
async function libraryFolders(data: string): Promise<string[]> {
  const words = (await readSettings(data).catch(() => null)) ?? []
  return words.flatMap((word, index) =>
    words[index - 1] === '--library' ? [word.slice(word.indexOf('=') + 1)] : [],
  )
}
