import { QueryClient } from '@tanstack/react-query'
import {
  createTRPCClient,
  createWSClient,
  httpBatchLink,
  splitLink,
  TRPCClientError,
  wsLink,
  type TRPCClient,
} from '@trpc/client'
import { createTRPCContext } from '@trpc/tanstack-react-query'
import type { AppRouter } from '@varve/controller/router/root'
import { promptSocket } from '@varve/protocol/prompt-socket'

export type ApiClient = TRPCClient<AppRouter>

export const { TRPCProvider, useTRPC, useTRPCClient } = createTRPCContext<AppRouter>()

/** Queries and mutations in HTTP batches, subscriptions over one WebSocket that reconnects within five seconds. */
export function connect(origin: string): { readonly client: ApiClient; close(): Promise<void> } {
  const url = new URL('/trpc', origin)
  const socketUrl = new URL(url)
  socketUrl.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:'
  const socket = createWSClient({
    url: socketUrl.href,
    retryDelayMs: (attempt) => Math.min(5000, 250 * 2 ** attempt),
    keepAlive: { enabled: true, intervalMs: 3000, pongTimeoutMs: 4000 },
    WebSocket: promptSocket(WebSocket),
  })
  const client = createTRPCClient<AppRouter>({
    links: [
      splitLink({
        condition: ({ type }) => type === 'subscription',
        true: wsLink({ client: socket }),
        false: httpBatchLink({ url: url.href, maxURLLength: 4000, maxItems: 10 }),
      }),
    ],
  })
  return { client, close: () => socket.close() }
}

export function makeQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        // Live events keep what is cached fresh; a page that opens shows it at once and asks again behind it.
        staleTime: 5000,
        gcTime: 10 * 60_000,
        retry: (count, error) => count < 2 && !isAnswer(error),
        refetchOnWindowFocus: false,
      },
    },
  })
}

/** True for an error that the controller gave, false when it could not be reached. */
export function isAnswer(error: unknown): boolean {
  return error instanceof TRPCClientError && error.data !== undefined && error.data !== null
}
