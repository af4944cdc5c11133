import type { ControllerGoneWhy } from '@varve/core/problems/causes'
import { DiskError, fromErrorRecord, type ErrorRecord } from '@varve/core/problems/disk-error'
import {
  createTRPCClient,
  createWSClient,
  httpBatchLink,
  splitLink,
  TRPCClientError,
  wsLink,
  type TRPCClient,
} from '@trpc/client'
import type { AppRouter } from '@varve/controller/router/root'
import { openWay } from './controller-way.ts'
import { credentialsFor } from './credentials.ts'
import { watchedFetch } from './watched-fetch.ts'
import { UsageError, type CommandContext } from './command.ts'

export interface FleetOptions {
  /** Its address; left out: as the environment says. */
  readonly controller?: string
}

export interface Fleet extends AsyncDisposable {
  readonly api: TRPCClient<AppRouter>
}

/** A client of the controller; the WebSocket is opened when something subscribes. */
export function openFleet(context: CommandContext, controller: string | undefined): Fleet {
  const asked = controllerUrl(controller ?? context.config.controller)
  const { headers, fleet, url } = credentialsFor(context.config, asked)
  const way = openWay(url, fleet)
  const socketUrl = new URL('/trpc', url)
  socketUrl.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:'
  const sockets = createWSClient({
    url: socketUrl.href,
    lazy: { enabled: true, closeMs: 0 },
    keepAlive: { enabled: true, intervalMs: 3000, pongTimeoutMs: 4000 },
    WebSocket: way.socketWith(headers),
  })
  const api = createTRPCClient<AppRouter>({
    links: [
      splitLink({
        condition: (operation) => operation.type === 'subscription',
        true: wsLink({ client: sockets }),
        false: httpBatchLink({
          url: new URL('/trpc', url).href,
          fetch: watchedFetch(url, way.fetch),
          headers,
        }),
      }),
    ],
  })
  return {
    api,
    async [Symbol.asyncDispose]() {
      await sockets.close()
      await way[Symbol.asyncDispose]()
    },
  }
}

/** Throws `UsageError` for what is no address. */
export function controllerUrl(text: string): URL {
  try {
    const url = new URL(text)
    if (url.protocol === 'http:' || url.protocol === 'https:') return url
  } catch {
    // Said below, the same for both.
  }
  throw new UsageError(
    `${JSON.stringify(text)} is not the address of a controller, such as http://127.0.0.1:7070.`,
  )
}

/** Opens the controller for one question. */
export async function askFleet<T>(
  { controller }: FleetOptions,
  context: CommandContext,
  call: (fleet: Fleet) => Promise<T>,
): Promise<T> {
  await using fleet = openFleet(context, controller)
  return await ask(controller ?? context.config.controller, () => call(fleet))
}

/** Runs `call` against the controller; what it answers with comes back as a coded error. */
export async function ask<T>(controller: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call()
  } catch (error) {
    throw translate(error, controller)
  }
}

function translate(error: unknown, controller: string): unknown {
  if (!(error instanceof TRPCClientError)) return error
  const data = error.data as { code?: string; problem?: ErrorRecord | null } | null | undefined
  if (data?.problem) return fromErrorRecord(data.problem)
  if (data) {
    return new DiskError('refused', {
      file: controller,
      reason: firstLine(error.message).replace(/\.$/u, ''),
      remedy: remedies[data.code ?? ''] ?? 'See the log of the controller.',
    })
  }
  const gone = whyGone(error)
  if (/certificate/iu.test(gone.reason))
    return new DiskError('refused', {
      file: controller,
      reason: `its certificate is not known here (${gone.reason})`,
      remedy: `Sign in, which shows its key to compare: varve login ${controller}`,
    })
  return new DiskError('controller-gone', { file: controller, ...gone }, { cause: error })
}

const remedies: Readonly<Record<string, string>> = {
  UNAUTHORIZED:
    'Sign in by varve login, give a key in VARVE_KEY, or call it as the user that runs the controller, on its machine.',
  FORBIDDEN: 'Ask an admin; varve login signs in as somebody else.',
}

const gone: Readonly<Record<string, ControllerGoneWhy>> = {
  ECONNREFUSED: 'refused',
  ENOTFOUND: 'unknown-name',
  EAI_AGAIN: 'unknown-name',
  ETIMEDOUT: 'silent',
  UND_ERR_CONNECT_TIMEOUT: 'silent',
  UND_ERR_HEADERS_TIMEOUT: 'silent',
  ECONNRESET: 'silent',
  UND_ERR_SOCKET: 'silent',
}

/** What kept an answer from coming, by the code of the deepest cause. */
function whyGone(error: unknown): { why: ControllerGoneWhy; reason: string } {
  let deepest = error
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    deepest = cause
    const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : ''
    const why = gone[code]
    if (why !== undefined) return { why, reason: code }
    // Several addresses were tried: each failure is inside.
    if (cause instanceof AggregateError && cause.errors.length > 0) return whyGone(cause.errors[0])
    if (cause instanceof SyntaxError) return { why: 'not-a-controller', reason: 'it does not answer in JSON' }
  }
  return { why: 'other', reason: deepest instanceof Error ? firstLine(deepest.message) : String(deepest) }
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? text
}
