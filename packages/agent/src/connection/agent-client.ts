import { createTRPCUntypedClient, createWSClient, TRPCClientError, wsLink } from '@trpc/client'
import type { AnyTRPCRouter } from '@trpc/server'
import {
  AgentCommand,
  Hello,
  InventoryAnswer,
  type InventoryDelta,
  type InventoryPart,
  ComparedPart,
  JobReport,
  type LibraryPlaces,
  ManifestPart,
  Welcome,
} from '@varve/protocol/agent'
import { promptSocket } from '@varve/protocol/prompt-socket'
import { Membership } from '@varve/protocol/trust'
import { z } from 'zod'

/** A command with its sequence number, or what arrived instead of one that this agent understands. */
export type TakenCommand =
  | { readonly kind: 'command'; readonly id: number; readonly command: AgentCommand }
  | { readonly kind: 'not-understood'; readonly id: number; readonly jobId: string | null }

/** The procedures of the controller that an agent calls, over one WebSocket that is not reopened. */
export interface AgentClient {
  hello(hello: Hello): Promise<Welcome>
  report(session: string, reports: readonly JobReport[]): Promise<void>
  inventory(session: string, delta: InventoryDelta): Promise<InventoryAnswer>
  compare(session: string, part: InventoryPart): Promise<ComparedPart>
  manifest(session: string, part: ManifestPart): Promise<void>
  places(session: string, places: LibraryPlaces): Promise<void>
  freed(session: string, token: string): Promise<void>
  /** A new certificate for the key of the request (PKCS #10, PEM). */
  renew(session: string, request: string): Promise<Membership>
  /** Calls `take` for every command after `lastId`; ends with `closed`. */
  commands(session: string, lastId: number | null, take: (taken: TakenCommand) => void): void
  /** Settles when the connection is gone, with the reason; never rejects. */
  readonly closed: Promise<string>
  close(): void
}

/** What the controller answered instead of doing it; null: nothing was answered. */
export function refusalCode(error: unknown): string | null {
  if (!(error instanceof TRPCClientError)) return null
  const data: unknown = error.data
  return typeof data === 'object' && data !== null && 'code' in data && typeof data.code === 'string'
    ? data.code
    : null
}

const Tracked = z.object({ id: z.coerce.number().int().min(0), data: z.unknown() })
const AnyJobCommand = z.object({ jobId: z.string() })

/** How long a controller may be silent, and may take to answer when it is asked: a silent one is gone within ten seconds. */
const listening = { intervalMs: 2500, pongTimeoutMs: 5500 }

export interface DialOptions {
  readonly WebSocket?: typeof globalThis.WebSocket
  readonly keepAlive?: { readonly intervalMs: number; readonly pongTimeoutMs: number }
}

const plainSocket = promptSocket(globalThis.WebSocket)

/** Dials `url`. Nothing is sent before the connection is open; a dial that fails settles `closed`. */
export function dialController(
  url: string,
  { WebSocket = plainSocket, keepAlive = listening }: DialOptions = {},
): AgentClient {
  const { promise: closed, resolve: settle } = Promise.withResolvers<string>()
  const socket = createWSClient({
    url,
    // The session is made by `hello`, so a lost connection is dialled anew by our own loop.
    retryDelayMs: () => 60_000,
    keepAlive: { enabled: true, ...keepAlive },
    WebSocket,
    onClose: (cause) =>
      end(`the connection was closed${cause?.code === undefined ? '' : ` (${cause.code})`}`),
    onError: () => end('the connection failed'),
  })
  const client = createTRPCUntypedClient<AnyTRPCRouter>({ links: [wsLink({ client: socket })] })
  let isClosed = false

  function end(reason: string): void {
    settle(reason)
    if (isClosed) return
    isClosed = true
    socket.close().catch(() => {})
  }

  /** One that is over is not opened again: asked for something, tRPC would, and say hello a second time much later. */
  async function ask(path: string, input: unknown): Promise<unknown> {
    if (isClosed) throw new Error(await closed)
    return await client.mutation(path, input)
  }

  return {
    hello: async (hello) => Welcome.parse(await ask('agents.hello', Hello.parse(hello))),
    async report(session, reports) {
      await ask('agents.report', { session, reports: z.array(JobReport).parse(reports) })
    },
    async inventory(session, delta) {
      return InventoryAnswer.parse(await ask('agents.inventory', { session, delta }))
    },
    async compare(session, part) {
      return ComparedPart.parse(await ask('agents.compare', { session, part }))
    },
    async freed(session, token) {
      await ask('agents.freed', { session, token })
    },
    async places(session, places) {
      await ask('agents.places', { session, places })
    },
    renew: async (session, request) => Membership.parse(await ask('agents.renew', { session, request })),
    async manifest(session, part) {
      await ask('agents.manifest', { session, part: ManifestPart.parse(part) })
    },
    commands(session, lastId, take) {
      if (isClosed) return
      const input = { session, ...(lastId !== null && { lastEventId: String(lastId) }) }
      client.subscription('agents.commands', input, {
        onData: (value) => {
          const taken = readCommand(value)
          if (taken) take(taken)
        },
        onError: (error) => end(`the stream of commands broke: ${error.message}`),
        onStopped: () => end('the controller ended the stream of commands'),
        onComplete: () => end('the controller ended the stream of commands'),
      })
    },
    closed,
    close: () => end('this agent closed the connection'),
  }
}

function readCommand(value: unknown): TakenCommand | null {
  const tracked = Tracked.safeParse(value)
  if (!tracked.success) return null
  const { id, data } = tracked.data
  const command = AgentCommand.safeParse(data)
  if (command.success) return { kind: 'command', id, command: command.data }
  const job = AnyJobCommand.safeParse(data)
  return { kind: 'not-understood', id, jobId: job.success ? job.data.jobId : null }
}
