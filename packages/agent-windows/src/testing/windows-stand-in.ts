import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { inspectFile } from '@varve/engine/images/inspect-file'
import type { FileDisk } from '../host/file-disks.ts'
import { PowerShellHost, type ScriptCaller, type ScriptName } from '../powershell/powershell-host.ts'
import { diskpartProgram } from './diskpart-stand-in.ts'
import { emptyRegistry, registryFunctions, type StandInRegistry } from './registry-stand-in.ts'
import { answers, shared } from './windows-answers.ts'
import { wslProgram } from './wsl-stand-in.ts'
import { standInModule, withStandIns, type cmdletTables } from './stand-ins.ts'

const root = resolve(import.meta.dirname, '../../../..')
const varve = join(root, 'packages/cli/bin/varve.mjs')
const scriptsFolder = resolve(import.meta.dirname, '../scripts')

/** A disk that the stand-in shows. */
export interface StandInDisk {
  readonly number: number
  readonly path: string
  readonly isReadOnly: boolean
  readonly isOffline: boolean
  /** Why it is, such as `Policy`. */
  readonly offlineReason?: string
  /** Letters and folders, by the number of the partition. */
  readonly folders: Readonly<Record<string, readonly string[]>>
}

/** A disk of a machine: the file that it writes to now. */
interface StandInDrive {
  readonly path: string
  readonly controllerType: 'SCSI' | 'IDE'
  readonly controllerNumber: number
  readonly controllerLocation: number
}

export interface StandInCheckpoint {
  readonly id: string
  readonly name: string
  readonly parentId: string | null
  readonly type: 'Standard' | 'Recovery' | 'Replica'
  readonly isAutomatic: boolean
  readonly drives: readonly StandInDrive[]
}

export interface StandInMachine {
  readonly id: string
  readonly name: string
  readonly generation: 1 | 2
  readonly state: 'Off' | 'Running' | 'Saved' | 'OffCritical'
  readonly automaticCheckpoints: boolean
  readonly checkpointType: 'Production' | 'ProductionOnly' | 'Standard' | 'Disabled'
  readonly isMerging: boolean
  /** The checkpoint that its disks stand on. */
  readonly parentId: string | null
  readonly drives: readonly StandInDrive[]
  readonly checkpoints: readonly StandInCheckpoint[]
}

/** What a Windows of the tests has. */
export interface StandInState {
  readonly disks: readonly StandInDisk[]
  readonly machines: readonly StandInMachine[]
  /** Whether disks that come are kept offline, as the SAN policy of servers has it. */
  readonly keepsOffline: boolean
  /** The folder that is every volume of its disks. */
  readonly volumeFolder: string
  /** What a scan of a volume tells. */
  readonly scanned: string
  readonly registry: StandInRegistry
  /** Names of distributions of WSL that run. */
  readonly running: readonly string[]
  /** Null: one that came with Windows. */
  readonly wslVersion: string | null
  /** Whether it has the modules of Hyper-V and Storage; without, it has diskpart. */
  readonly hasModules: boolean
  readonly diskpart: 'as told' | 'nothing'
  /** Whether the machine of WSL holds the disks of distributions that have ended. */
  readonly keepsDisks: boolean
  /** Whether no distribution can trim its disk. */
  readonly trimFails: boolean
  /** Whether what is exported is another disk. */
  readonly exportDiffers: boolean
  /** Whether WSL moves files, and notes nothing of it. */
  readonly movesHalf: boolean
}

const registryOfState = `function Read-Registry { (Read-State).registry }\n${registryFunctions}`

type Tables = NonNullable<ReturnType<typeof cmdletTables>>

const nothing: StandInState = {
  disks: [],
  machines: [],
  keepsOffline: false,
  volumeFolder: '',
  scanned: 'NoErrorsFound',
  registry: emptyRegistry,
  running: [],
  wslVersion: '2.5.7.0',
  hasModules: true,
  diskpart: 'as told',
  keepsDisks: false,
  trimFails: false,
  exportDiffers: false,
  movesHalf: false,
}

/** A machine that runs from one disk. */
export function machineWith(path: string, more: Partial<StandInMachine> = {}): StandInMachine {
  const drive = { path, controllerType: 'SCSI', controllerNumber: 0, controllerLocation: 0 } as const
  return {
    id: '6f9619ff-8b86-d011-b42d-00cf4fc964ff',
    name: 'web ü',
    generation: 2,
    state: 'Running',
    automaticCheckpoints: false,
    checkpointType: 'Production',
    isMerging: false,
    parentId: null,
    drives: [drive],
    checkpoints: [],
    ...more,
  }
}

/** What tells whether the modules are there. */
const ofModules = ['Mount-VHD', 'Dismount-VHD', 'Get-Disk', 'Get-Partition']

const groups = {
  elevated:
    '"Mandatory Label\\High Mandatory Level","Label","S-1-16-12288",""\n"BUILTIN\\Administrators","Alias","S-1-5-32-544",""',
  plain: '"Mandatory Label\\Medium Mandatory Level","Label","S-1-16-8192",""',
} as const

export interface StandInCall {
  readonly name: string
  readonly given: Readonly<Record<string, string>>
}

/**
 * A Windows for tests: the real scripts, run by the real PowerShell, over cmdlets that bind as those of Windows do and keep
 * what they change in a file. Their disks are real files that were made by Varve.
 */
export class WindowsStandIn implements ScriptCaller, AsyncDisposable {
  /** What was called since it was emptied. */
  readonly calls: StandInCall[] = []
  /** Cmdlets that this Windows lacks. */
  readonly missing = new Set<string>()
  /** What cmdlets do instead of what they should. */
  readonly faults = new Map<string, string>()
  /** How long scripts may take, where that is not what is asked. */
  readonly silenceMs = new Map<string, number>()
  as: keyof typeof groups = 'elevated'
  readonly #host: PowerShellHost
  readonly #folder: string
  readonly #tables: Tables
  #turn: Promise<unknown> = Promise.resolve()

  private constructor(host: PowerShellHost, folder: string, tables: Tables) {
    this.#host = host
    this.#folder = folder
    this.#tables = tables
  }

  static async open(
    folder: string,
    { pwsh, tables }: { readonly pwsh: string; readonly tables: Tables },
  ): Promise<WindowsStandIn> {
    await writeFile(join(folder, 'with-stand-ins.ps1'), withStandIns)
    await mkdir(join(folder, 'WSL'), { recursive: true })
    const values = { stateFile: join(folder, 'windows.json'), varve }
    await writeFile(join(folder, 'WSL/wsl'), wslProgram(values), { mode: 0o755 })
    await writeFile(join(folder, 'WSL/diskpart'), diskpartProgram(values), { mode: 0o755 })
    const standIn = new WindowsStandIn(new PowerShellHost({ path: pwsh, folder }), folder, tables)
    // What it is stays in the folder.
    await standIn.set({})
    return standIn
  }

  async state(): Promise<StandInState> {
    return JSON.parse(await readFile(this.#stateFile, 'utf8')) as StandInState
  }

  async set(change: Partial<StandInState>): Promise<void> {
    const before = await this.state().catch(() => nothing)
    await writeFile(this.#stateFile, JSON.stringify({ ...before, ...change }))
  }

  /** Where its programs are. */
  get tools(): string {
    return join(this.#folder, 'WSL')
  }

  /** Path of its `wsl.exe`. */
  get wsl(): string {
    return join(this.#folder, 'WSL/wsl')
  }

  get #stateFile(): string {
    return join(this.#folder, 'windows.json')
  }

  async call(...asked: Parameters<ScriptCaller['call']>): Promise<unknown> {
    const answer = this.#turn.then(async () => await this.#callNow(...asked))
    this.#turn = answer.catch(() => {})
    return await answer
  }

  /** Its module is a file that is written anew for each call. */
  async #callNow(...[script, parameters = {}, options]: Parameters<ScriptCaller['call']>): Promise<unknown> {
    const silenceMs = this.silenceMs.get(script)
    const { hasModules } = await this.state()
    const missing = [...this.missing, ...(hasModules ? [] : ofModules)]
    const names = Object.keys(answers).filter((name) => !missing.includes(name))
    // A module that was changed is another one.
    await this.#writeSystem(hasModules)
    const module = join(this.#folder, `stand-ins-${missing.join('-')}.psm1`)
    const own = {
      $stateFile: this.#stateFile,
      $node: process.execPath,
      $varve: varve,
      $changeVhdx: resolve(import.meta.dirname, 'change-vhdx.ts'),
    }
    const values = Object.entries(own).map(([name, value]) => `${name} = '${value}'\n`)
    await writeFile(
      module,
      `${values.join('')}${shared}\n${registryOfState}\n${standInModule(this.#tables, names)}`,
    )
    const answer = (await this.#host.call(
      'with-stand-ins' as ScriptName,
      {
        module,
        answers: Object.fromEntries(
          names.map((name) => [name, this.faults.get(name) ?? answers[name as keyof typeof answers]]),
        ),
        script: join(scriptsFolder, `${script}.ps1`),
        parameters,
        root: this.#folder,
      },
      { ...options, ...(silenceMs !== undefined && { silenceMs }) },
    )) as { result: unknown; calls: StandInCall[] }
    this.calls.push(...answer.calls)
    return answer.result
  }

  async #writeSystem(hasModules: boolean): Promise<void> {
    const folder = join(this.#folder, 'System32')
    await mkdir(folder, { recursive: true })
    await writeFile(join(folder, 'whoami.exe'), `#!/bin/sh\ncat <<'END'\n${groups[this.as]}\nEND\n`, {
      mode: 0o755,
    })
    const diskpart = join(folder, 'diskpart.exe')
    await (hasModules ? rm(diskpart, { force: true }) : writeFile(diskpart, ''))
  }

  /** Its disks that are of files, as Windows itself tells them. */
  async fileDisks(): Promise<FileDisk[]> {
    const { disks } = await this.state()
    return await Promise.all(
      disks.map(async ({ folders, path, ...disk }) => ({
        ...disk,
        path,
        size: (await inspectFile(path, { roots: null })).virtualSize ?? 0,
        partitions: [{ number: 1, start: 2 ** 20, size: 2 ** 20, folders: folders['1'] ?? [] }],
      })),
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#host[Symbol.asyncDispose]()
  }
}
