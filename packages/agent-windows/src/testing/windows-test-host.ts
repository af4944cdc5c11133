import { shownAction } from '@varve/agent/actions/perform'
import { openTestHost, type TestHost } from '@varve/agent/testing/test-host'
import { ExecaToolRunner } from '@varve/agent/tools/execa-tool-runner'
import type { Plan, Refusal } from '@varve/operations/plans/plan'
import type { RunState } from '@varve/operations/runs/run-state'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { windowsAdapters } from '../actions/adapter-table.ts'
import type { Waits } from '../actions/waits.ts'
import { cmdlet } from '../actions/cmdlets.ts'
import { checkpointOf, vmOf } from '../actions/checkpoints/machine-of.ts'
import { findOpenAndAttached } from '../find-writers.ts'
import { windowsHost } from '../host/windows-host.ts'
import { nobodyElse } from './nobody-else.ts'
import { emptyRegistry } from './registry-stand-in.ts'
import { WindowsStandIn, type StandInCall } from './windows-stand-in.ts'

interface TestHostOptions {
  readonly waits?: Waits
  /** Libraries; left out: it is the command. */
  readonly roots?: (place: TempPlace) => readonly string[]
}

const stop = new AbortController().signal

/** A Windows of the tests with the operations that it carries out, over files below a folder of its own. */
export class WindowsTestHost implements AsyncDisposable {
  readonly place: TempPlace
  readonly windows: WindowsStandIn
  readonly host: TestHost
  /** From which file to which. */
  readonly accessCopied: (readonly [from: string, to: string])[] = []
  readonly adapters: ReturnType<typeof windowsAdapters>

  private constructor(place: TempPlace, windows: WindowsStandIn, { waits, roots }: TestHostOptions) {
    this.place = place
    this.windows = windows
    const own = windowsHost({
      scripts: windows,
      runner: new ExecaToolRunner(),
      wsl: windows.wsl,
      fileDisks: async () => await windows.fileDisks(),
      copyAccess: async (from, to) => {
        this.accessCopied.push([from, to])
        return Promise.resolve()
      },
    })
    this.adapters = windowsAdapters({ scripts: windows, windows: own, ...(waits && { waits }) })
    this.host = openTestHost(place.path, {
      adapters: this.adapters,
      windowsHost: own,
      findWriters: findOpenAndAttached(own, nobodyElse),
      toolFolders: [windows.tools],
      ...(roots && { roots: roots(place) }),
    })
  }

  static async open(
    with_: Parameters<typeof WindowsStandIn.open>[1] & TestHostOptions,
  ): Promise<WindowsTestHost> {
    const place = await tempPlace()
    return new WindowsTestHost(place, await WindowsStandIn.open(place.path, with_), with_)
  }

  /** As it is at the start of each test. */
  async reset(): Promise<void> {
    await this.windows.set({
      disks: [],
      machines: [],
      keepsOffline: false,
      scanned: 'NoErrorsFound',
      registry: emptyRegistry,
      running: [],
      hasModules: true,
      diskpart: 'as told',
      wslVersion: '2.5.7.0',
      keepsDisks: false,
      trimFails: false,
      exportDiffers: false,
      movesHalf: false,
    })
    this.windows.missing.clear()
    this.windows.faults.clear()
    this.windows.silenceMs.clear()
    this.windows.as = 'elevated'
    this.windows.calls.length = 0
  }

  async plan(operation: string, request: object): Promise<Plan> {
    const plan: Plan | Refusal = await this.host.plan(operation, request)
    if (plan.kind === 'plan') return plan
    throw new Error(plan.problems.map(({ message }) => message).join('; '))
  }

  /** Ids of what an operation is refused for. */
  async refusal(operation: string, request: object): Promise<string[]> {
    const plan = await this.host.plan(operation, request)
    return plan.kind === 'refusal' ? plan.problems.map(({ id }) => id) : ['no refusal']
  }

  async start(plan: Plan, request: object, accepted: readonly string[] = []): Promise<RunState> {
    return await this.host.runs.start({ plan, request, accepted }, { stop })
  }

  /** Plans it and carries it out to its end; throws what it failed with. */
  async carryOut(operation: string, request: object, accepted: readonly string[] = []) {
    const plan = await this.plan(operation, request)
    const state = await this.start(plan, request, accepted)
    if (state.phase !== 'succeeded')
      throw new Error(`${operation}: ${state.phase}, ${state.error?.message ?? ''}`)
    return { plan, state }
  }

  async undo(state: RunState): Promise<RunState> {
    return await this.host.runs.undo(state.id, { stop })
  }

  /** The commands of a plan, as they are shown; the order of parameters is nobody's. */
  async shownOf({ steps }: Plan): Promise<string[][]> {
    return await Promise.all(
      steps.map(async ({ action, input }) =>
        inOrder((await shownAction(this.adapters, { action, input })).native ?? action),
      ),
    )
  }

  /** The cmdlets that were called since the last time, without those that only read. */
  changes(): string[][] {
    const calls = this.windows.calls.splice(0)
    return calls.filter(({ name }) => !name.startsWith('Get-')).map((call) => inOrder(textOf(call)))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.host[Symbol.asyncDispose]()
    await this.windows[Symbol.asyncDispose]()
    await this.place[Symbol.asyncDispose]()
  }
}

const inOrder = (text: string) => text.split(/ (?=-(?!eq|VM \(Get-VM -Id [\w-]+\) \|))/u).toSorted()

/** What was called as a line; objects are shown by what gives them. */
function textOf({ name, given }: StandInCall): string {
  const objects = Object.entries(given).flatMap(([key, value]) => {
    if (key === 'Confirm') return [`-Confirm:$${value.toLowerCase()}`]
    const id = /[{;] ?Id=([\w-]+)/u.exec(value)?.[1]
    if (id === undefined) return []
    const machine = /VMId=([\w-]+)/u.exec(value)?.[1]
    return [
      `-${key} ${machine === undefined ? vmOf(id) : checkpointOf(machine, { checkpoint: id, name: '' })}`,
    ]
  })
  const plain = Object.entries(given).filter(([key, value]) => key !== 'Confirm' && !/^@\{.*Id=/u.test(value))
  const values = plain.map(([key, value]) => [
    key,
    value === 'True' ? true : value === 'False' ? false : value,
  ])
  return [cmdlet(name, Object.fromEntries(values) as Record<string, string | boolean>), ...objects].join(' ')
}
