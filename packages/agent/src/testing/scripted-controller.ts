import { once } from 'node:events'
import { initTRPC, tracked, TRPCError } from '@trpc/server'
import { applyWSSHandler } from '@trpc/server/adapters/ws'
import {
  AgentCommand,
  Hello,
  InventoryDelta,
  InventoryPart,
  JobReport,
  LibraryPlaces,
  ManifestPart,
} from '@varve/protocol/agent'
import type { ImageRecord } from '@varve/protocol/images'
import type { JobKind, JobRequest, JobRequestOf, JobResultOf } from '@varve/protocol/jobs'
import { protocolVersion } from '@varve/protocol/primitives'
import { WebSocketServer } from 'ws'
import { z } from 'zod'

const t = initTRPC.create()
const Session = z.object({ session: z.string() })

/** What the controller remembers over its own restarts. */
export interface ControllerMemory {
  readonly hellos: Hello[]
  /** What each subscription to commands asked to resume after. */
  readonly resumes: (number | null)[]
  /** By host. */
  readonly commands: Map<string, unknown[]>
  readonly reports: JobReport[]
  readonly deltas: InventoryDelta[]
  readonly images: Map<string, ImageRecord>
  readonly manifests: ManifestPart[]
  /** What each host told last of its libraries. */
  readonly places: Map<string, LibraryPlaces>
}

/**
 * A controller for tests: real tRPC over a real WebSocket, with the procedures that agents call, and commands by hand.
 * It can go away and come back on the same port.
 */
export class ScriptedController implements AsyncDisposable {
  readonly memory: ControllerMemory = {
    hellos: [],
    resumes: [],
    commands: new Map(),
    reports: [],
    deltas: [],
    images: new Map(),
    manifests: [],
    places: new Map(),
  }
  /** Set to refuse the reports of jobs by throwing. */
  refuseReport: ((report: JobReport) => void) | null = null
  /** The host whose images `images` keeps apart by name: `host/library/name`. */
  readonly #hosts = new Map<string, string>()
  readonly #wakes = new Set<() => void>()
  #server: WebSocketServer | null = null
  #port = 0
  #sessions = 0
  #jobs = 0

  get url(): string {
    return `ws://127.0.0.1:${this.#port}/trpc`
  }

  /** Listens; again on the same port after `stop`. */
  async start(): Promise<this> {
    const server = new WebSocketServer({ host: '127.0.0.1', port: this.#port })
    await once(server, 'listening')
    const address = server.address()
    if (typeof address === 'string' || address === null) throw new Error('no address')
    this.#port = address.port
    this.#server = server
    applyWSSHandler({ wss: server, router: this.#router() })
    return this
  }

  /** Cuts every connection, as a killed process does. */
  async stop(): Promise<void> {
    const server = this.#server
    this.#server = null
    if (!server) return
    for (const client of server.clients) client.terminate()
    await new Promise<void>((resolve) => server.close(() => resolve()))
    this.#wake()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  send(host: string, command: AgentCommand): void {
    this.sendRaw(host, AgentCommand.parse(command))
  }

  /** Sends what a newer controller might. */
  sendRaw(host: string, command: unknown): void {
    const { commands } = this.memory
    commands.set(host, [...(commands.get(host) ?? []), command])
    this.#wake()
  }

  startJob(host: string, request: JobRequest, noProgressSeconds = 60): string {
    this.#jobs += 1
    const jobId = `job-${this.#jobs}`
    this.send(host, { kind: 'start-job', jobId, request, noProgressSeconds })
    return jobId
  }

  /** Waits for the end of a job. */
  async endOf(jobId: string): Promise<Exclude<JobReport, { kind: 'progress' }>> {
    return this.until(() =>
      this.memory.reports
        .filter((report) => report.kind !== 'progress')
        .find((report) => report.jobId === jobId),
    )
  }

  /** Runs a job that must succeed. */
  async run<K extends JobKind>(host: string, request: JobRequestOf<K>): Promise<JobResultOf<K>> {
    const end = await this.endOf(this.startJob(host, request))
    if (end.kind === 'failed')
      throw new Error(`${request.kind} failed: ${end.error.code} ${end.error.message}`)
    if (!isKind(end.result, request.kind)) throw new Error(`${end.result.kind} answered ${request.kind}`)
    return end.result as JobResultOf<K>
  }

  /** Runs a job that must fail; gives its error. */
  async runFailing(host: string, request: JobRequest, noProgressSeconds = 60) {
    const end = await this.endOf(this.startJob(host, request, noProgressSeconds))
    if (end.kind !== 'failed') throw new Error(`${request.kind} should have failed`)
    return end.error
  }

  /** Looks again after everything that arrives, until `look` gives something. */
  async until<T>(look: () => T | undefined | null | false): Promise<T> {
    for (;;) {
      const found = look()
      if (found !== undefined && found !== null && found !== false) return found
      await this.#nextWake()
    }
  }

  async #nextWake(): Promise<void> {
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        this.#wakes.delete(wake)
        resolve()
      }
      this.#wakes.add(wake)
    })
  }

  #wake(): void {
    for (const wake of this.#wakes) wake()
  }

  #hostOf(session: string): string {
    const host = this.#hosts.get(session)
    if (host === undefined) throw new TRPCError({ code: 'UNAUTHORIZED' })
    return host
  }

  #router() {
    const { memory } = this
    const agents = t.router({
      hello: t.procedure.input(Hello).mutation(({ input }) => {
        memory.hellos.push(input)
        this.#sessions += 1
        const session = `session-${this.#sessions}`
        this.#hosts.set(session, input.facts.name)
        this.#wake()
        return { protocolVersion, controllerVersion: 'scripted', session }
      }),
      commands: t.procedure
        .input(Session.extend({ lastEventId: z.string().nullish() }))
        .subscription(({ input, signal }) => this.#commands(input, signal)),
      report: t.procedure.input(Session.extend({ reports: z.array(JobReport) })).mutation(({ input }) => {
        this.#hostOf(input.session)
        for (const report of input.reports) this.refuseReport?.(report)
        memory.reports.push(...input.reports)
        this.#wake()
      }),
      inventory: t.procedure
        .input(Session.extend({ delta: InventoryDelta }))
        .mutation(({ input: { session, delta } }) => {
          const prefix = `${this.#hostOf(session)}/${delta.library}/`
          memory.deltas.push(delta)
          for (const record of delta.changed) memory.images.set(prefix + record.name, record)
          for (const name of delta.removed) memory.images.delete(prefix + name)
          this.#wake()
          return { inStep: true }
        }),
      compare: t.procedure
        .input(Session.extend({ part: InventoryPart }))
        .mutation(() => ({ wanted: [], isMore: false })),
      places: t.procedure
        .input(Session.extend({ places: LibraryPlaces }))
        .mutation(({ input: { session, places } }) => {
          memory.places.set(this.#hostOf(session), places)
          this.#wake()
        }),
      manifest: t.procedure.input(Session.extend({ part: ManifestPart })).mutation(({ input }) => {
        memory.manifests.push(input.part)
        this.#wake()
      }),
    })
    return t.router({ agents })
  }

  async *#commands(
    { session, lastEventId }: { session: string; lastEventId?: string | null | undefined },
    signal: AbortSignal | undefined,
  ) {
    const host = this.#hostOf(session)
    let next = Number(lastEventId ?? 0)
    this.memory.resumes.push(lastEventId === null || lastEventId === undefined ? null : next)
    const server = this.#server
    while (signal?.aborted !== true && this.#server === server) {
      const command = this.memory.commands.get(host)?.[next]
      if (command === undefined) {
        await this.#nextWake()
        continue
      }
      next += 1
      yield tracked(String(next), command)
    }
  }
}

function isKind<K extends JobKind>(result: { kind: JobKind }, kind: K): boolean {
  return result.kind === kind
}
