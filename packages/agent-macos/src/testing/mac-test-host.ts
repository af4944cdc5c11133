import { shownAction } from '@varve/agent/actions/perform'
import { openTestHost, type TestHost, type TestHostOptions } from '@varve/agent/testing/test-host'
import { ExecaToolRunner } from '@varve/agent/tools/execa-tool-runner'
import { platformTools } from '@varve/agent/tools/tool-box'
import { exampleCall } from '@varve/operations/plans/plan-view'
import type { Plan } from '@varve/operations/plans/plan'
import type { RunState } from '@varve/operations/runs/run-state'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { macosAdapters } from '../actions/adapter-table.ts'
import type { Waits } from '../actions/waits.ts'
import { findOpenAndAttached } from '../find-writers.ts'
import { macHost } from '../host/macos-host.ts'
import { readMacPlaces } from '../places/read-mac-places.ts'
import { openMac, type MacStandIn } from './mac-stand-in.ts'

/** Tests do not wait for what is busy. */
export const shortWaits: Waits = { busyMs: [1, 2, 3], lateMs: 300, everyMs: 10 }

/** What a Mac of the tests that keeps its state in that folder does its work by. */
export function macParts(folder: string, waits: Waits = shortWaits) {
  const stand = openMac(folder)
  const tools = platformTools({
    table: [],
    folders: [stand.tools],
    suffixes: [''],
    runner: new ExecaToolRunner(),
  })
  const mac = macHost(tools)
  const nobody = async () => Promise.resolve({ of: () => [], unseen: [] })
  return {
    stand,
    tools,
    parts: {
      adapters: macosAdapters({ mac, waits }),
      macHost: mac,
      readPlaces: readMacPlaces,
      toolFolders: [stand.tools],
      findWriters: findOpenAndAttached(mac, nobody),
    },
  }
}

const stop = new AbortController().signal

/** A Mac of the tests with the operations that it carries out, over files below a folder of its own. */
export class MacTestHost implements AsyncDisposable {
  readonly place: TempPlace
  readonly stand: MacStandIn
  readonly host: TestHost
  readonly #adapters: ReturnType<typeof macosAdapters>

  private constructor(place: TempPlace, options: TestHostOptions) {
    const { stand, parts } = macParts(place.path)
    this.place = place
    this.stand = stand
    this.#adapters = parts.adapters
    this.host = openTestHost(place.path, { ...parts, ...options })
  }

  static async open(options: TestHostOptions = {}): Promise<MacTestHost> {
    return new MacTestHost(await tempPlace(), options)
  }

  async plan(operation: string, request: object): Promise<Plan> {
    const plan = await this.host.plan(operation, request)
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
      throw new Error(
        `${operation}: ${state.phase}, ${state.error?.code ?? ''} ${state.error?.message ?? ''}`,
      )
    return { plan, state }
  }

  async undo(state: RunState): Promise<RunState> {
    return await this.host.runs.undo(state.id, { stop })
  }

  /** The commands of a plan, as they are shown. */
  async shownOf({ steps }: Plan): Promise<(readonly string[])[]> {
    const all = await Promise.all(steps.map(async (step) => shownAction(this.#adapters, exampleCall(step))))
    return all.filter(({ native }) => native === undefined).map(({ argv }) => argv)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.host[Symbol.asyncDispose]()
    await this.place[Symbol.asyncDispose]()
  }
}
