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
import { WebSocket } from 'ws'
import { UsageError, type CommandContext } from './command.ts'

export interface Fleet extends AsyncDisposable {
  readonly api: TRPCClient<AppRouter>
}

/** A client of the controller; the WebSocket is opened when something subscribes. */
export function openFleet(context: CommandContext, controller: string | undefined): Fleet {
  const url = controllerUrl(controller ?? context.config.controller)
  const socketUrl = new URL('/trpc', url)
  socketUrl.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:'
  const sockets = createWSClient({
    url: socketUrl.href,
    lazy: { enabled: true, closeMs: 0 },
    // `ws` is a WebSocket in all that tRPC uses; its types are wider.
    WebSocket: WebSocket as unknown as typeof globalThis.WebSocket,
  })
  const api = createTRPCClient<AppRouter>({
    links: [
      splitLink({
        condition: (operation) => operation.type === 'subscription',
        true: wsLink({ client: sockets }),
        false: httpBatchLink({ url: new URL('/trpc', url).href }),
      }),
    ],
  })
  return {
    api,
    async [Symbol.asyncDispose]() {
      await sockets.close()
    },
  }
}

function controllerUrl(text: string): URL {
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
  if (data?.code === 'NOT_FOUND') return new DiskError('not-found', { file: controller }, { cause: error })
  if (data?.code === 'BAD_REQUEST')
    return new UsageError(`The controller refused the request: ${firstLine(error.message)}`)
  if (data)
    return new DiskError('refused', {
      file: controller,
      reason: firstLine(error.message),
      remedy: 'See the log of the controller.',
    })
  return new DiskError(
    'agent-gone',
    { file: controller, host: `the controller at ${controller}` },
    { cause: error },
  )
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? text
}
