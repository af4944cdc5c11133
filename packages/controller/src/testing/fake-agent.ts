import { randomUUID } from 'node:crypto'
import { createTRPCClient, createWSClient, wsLink } from '@trpc/client'
import { DiskError, toErrorRecord } from '@varve/core/problems/disk-error'
import type { AgentCommand } from '@varve/protocol/agent'
import type { FormatChoice, ImageRecord } from '@varve/protocol/images'
import type { JobProgress } from '@varve/protocol/job-progress'
import type { JobKind, JobRequest, JobRequestOf, JobResult, JobResultOf } from '@varve/protocol/jobs'
import { protocolVersion } from '@varve/protocol/primitives'
import { sampleOutcome, samplePlan } from '@varve/operations/testing/sample-plan'
import { localAccessHeaders } from '@varve/trust/local-access'
import { ownAccessFolder } from '@varve/trust/own-folders'
import { z } from 'zod'
import type { AppRouter } from '../router/root.ts'
import { sampleFacts, sampleReport, sampleSent } from './samples.ts'

const MiB = 1024 ** 2
export const sampleDigest = 'ab'.repeat(32)

export interface JobTools {
  readonly signal: AbortSignal
  readonly progress: (progress: Partial<JobProgress>) => Promise<void>
}

/** How a scripted agent does a job of each kind; it never touches a file. */
export type Script = {
  readonly [K in JobKind]: (request: JobRequestOf<K>, tools: JobTools) => Promise<JobResultOf<K>>
}

export interface FakeAgentOptions {
  readonly url: string
  readonly name: string
  readonly instance?: string
  /** The run of its machine since that was started. */
  readonly boot?: string
  readonly script?: Partial<Script>
  readonly images?: readonly ImageRecord[]
  /** Jobs that a reconnecting agent says it still has. */
  readonly jobs?: readonly string[]
}

/** An agent that speaks the real protocol over a real WebSocket and pretends the rest. */
export interface FakeAgent extends AsyncDisposable {
  readonly instance: string
  readonly session: string
  readonly client: ReturnType<typeof connect>['client']
  readonly commands: AgentCommand[]
  /** What the controller welcomed it with. */
  readonly formats: readonly FormatChoice[]
  /** Kinds of the jobs that were started, in order. */
  readonly started: JobRequest[]
  /** Settles with the message of the error that ended its stream of commands. */
  readonly ended: Promise<string>
  announce(records: readonly ImageRecord[]): Promise<void>
  /** Vanishes at once, as a process that is killed. */
  vanish(): Promise<void>
}

export function connect(url: string) {
  const headers = localAccessHeaders(url, ownAccessFolder(process.env))
  const socket = createWSClient({
    url: `${url.replace('http', 'ws')}/trpc`,
    retryDelayMs: () => 60_000,
    WebSocket: class extends WebSocket {
      constructor(address: string | URL) {
        super(address, { headers })
      }
    },
  })
  return { socket, client: createTRPCClient<AppRouter>({ links: [wsLink({ client: socket })] }) }
}

export const wellBehaved: Script = {
  inspect: async ({ name }) => ({ kind: 'inspect', report: sampleReport(`/srv/north/${name}`) }),
  digest: async () => ({
    kind: 'digest',
    digest: sampleDigest,
    virtualSize: 64 * MiB,
    dataBytes: 16 * MiB,
    seconds: 0.1,
  }),
  export: async ({ exportName }) => ({
    kind: 'export',
    endpoint: { host: '127.0.0.1', port: 10_809, exportName },
    virtualSize: 64 * MiB,
    fingerprint: 'f1',
  }),
  release: async () => ({ kind: 'release' }),
  measure: async () => ({
    kind: 'measure',
    required: 17 * MiB,
    available: 1000 * MiB,
    dataBytes: 16 * MiB,
    copyBytes: 16 * MiB,
    virtualSize: 64 * MiB,
  }),
  pull: async (_, { progress }) => {
    await progress({ done: 8 * MiB, total: 16 * MiB })
    return {
      kind: 'pull',
      digest: sampleDigest,
      virtualSize: 64 * MiB,
      transferredBytes: 16 * MiB,
      skippedBytes: 4 * MiB,
      fileSize: 17 * MiB,
      seconds: 0.2,
    }
  },
  verify: async () => ({
    kind: 'verify',
    digest: sampleDigest,
    virtualSize: 64 * MiB,
    dataBytes: 16 * MiB,
    readBytes: 12 * MiB,
    seconds: 0.1,
  }),
  publish: async ({ target }) => ({ kind: 'publish', path: `/srv/south/${target.name}` }),
  discard: async () => ({ kind: 'discard' }),
  plan: async ({ request }) => {
    const { host, target } = z.object({ host: z.string(), target: z.string() }).parse(request)
    const plan = samplePlan({ host, target })
    const commands = plan.steps.map(({ id }) => `native: ${id}`)
    return { kind: 'plan', request, plan, commands, script: '#!/bin/sh' }
  },
  quarantine: async () => ({ kind: 'quarantine', entries: [], more: 0, faults: [] }),
  proofs: async ({ names }) => ({ kind: 'proofs', provenAt: names.map(() => null) }),
  send: async () => ({ kind: 'send', bytes: 0 }),
  receive: async () => ({ kind: 'receive', received: 0 }),
  update: async ({ build }) => ({ kind: 'update', build }),
  action: async ({ action, input }) => ({ kind: 'action', outcome: sampleOutcome(action, input) }),
}

/** Says hello, subscribes to commands and answers them by its script. */
export async function startFakeAgent(options: FakeAgentOptions): Promise<FakeAgent> {
  const { url, name, images = [], instance = randomUUID() } = options
  const script: Script = { ...wellBehaved, ...options.script }
  const { socket, client } = connect(url)
  const commands: AgentCommand[] = []
  const started: JobRequest[] = []
  const running = new Map<string, AbortController>()
  const { session, formats } = await client.agents.hello.mutate({
    protocolVersion,
    instance,
    boot: options.boot ?? null,
    facts: sampleFacts(name),
    jobs: [...(options.jobs ?? [])],
  })

  async function carryOut(jobId: string, request: JobRequest): Promise<void> {
    const abort = new AbortController()
    running.set(jobId, abort)
    try {
      const result = await runScript(script, request, {
        signal: abort.signal,
        async progress(change) {
          const progress = {
            done: 0,
            total: null,
            unit: 'bytes' as const,
            seconds: null,
            skipped: null,
            rate: null,
            limitedBy: null,
            chunkMap: null,
          }
          await client.agents.report.mutate({
            session,
            reports: [{ kind: 'progress', jobId, progress: { ...progress, ...change } }],
          })
        },
      })
      await client.agents.report.mutate({ session, reports: [{ kind: 'succeeded', jobId, result }] })
    } catch (error) {
      if (isGone) return
      const cause = abort.signal.aborted
        ? new DiskError('canceled', { file: name, what: request.kind })
        : error
      const view = toErrorRecord(cause, name)
      await client.agents.report
        .mutate({ session, reports: [{ kind: 'failed', jobId, error: view }] })
        .catch(() => undefined)
    } finally {
      running.delete(jobId)
    }
  }

  let isGone = false
  const ended = new Promise<string>((resolve) => {
    client.agents.commands.subscribe(
      { session },
      {
        onData: ({ data }) => {
          commands.push(data)
          if (data.kind === 'cancel-job') running.get(data.jobId)?.abort()
          if (data.kind === 'runs')
            client.agents.freed.mutate({ session, token: data.token }).catch(() => undefined)
          if (data.kind !== 'start-job') return
          started.push(data.request)
          void carryOut(data.jobId, data.request)
        },
        onError: (error) => resolve(error.message),
        onComplete: () => resolve(''),
      },
    )
  })

  async function announce(records: readonly ImageRecord[]): Promise<void> {
    const delta = {
      library: 'images',
      changed: records.map(sampleSent),
      removed: [],
      state: null,
      at: new Date().toISOString(),
    }
    await client.agents.inventory.mutate({ session, delta: { ...delta, kind: 'changes' } })
  }

  const at = new Date().toISOString()
  const scan = { library: 'images', changed: [], removed: [], state: null, at }
  await client.agents.inventory.mutate({ session, delta: { ...scan, kind: 'scan-started' } })
  await announce(images)
  await client.agents.inventory.mutate({ session, delta: { ...scan, kind: 'scan-finished' } })

  async function vanish(): Promise<void> {
    isGone = true
    for (const job of running.values()) job.abort()
    await socket.close()
  }

  return {
    instance,
    session,
    formats,
    client,
    commands,
    started,
    ended,
    announce,
    vanish,
    [Symbol.asyncDispose]: vanish,
  }
}

function runScript(script: Script, request: JobRequest, tools: JobTools): Promise<JobResult> {
  const job = script[request.kind] as (request: JobRequest, tools: JobTools) => Promise<JobResult>
  return job(request, tools)
}

/** A promise that only an abort ends, for jobs that hang. */
export function untilAborted({ signal }: Pick<JobTools, 'signal'>): Promise<never> {
  return new Promise((_, reject) => {
    const fail = () => reject(new Error('aborted'))
    if (signal.aborted) fail()
    signal.addEventListener('abort', fail, { once: true })
  })
}
