import { MutationCache, partialMatchKey, QueryCache, QueryClient } from '@tanstack/react-query'
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
    // It is opened as whoever is signed in then: before that, and after, there is none.
    lazy: { enabled: true, closeMs: 1000 },
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

/** What `account.me` is kept under. */
const meKey = [['account', 'me']] as const

export function makeQueryClient(): QueryClient {
  const onError = (error: unknown) => askWhenSignedOut(queryClient, error)
  const queryClient = new QueryClient({
    queryCache: new QueryCache({ onError }),
    mutationCache: new MutationCache({ onError }),
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
  return queryClient
}

/** Asks who is signed in when an answer says that nobody is: a page leads to signing in by what it hears. */
export function askWhenSignedOut(queryClient: QueryClient, error: unknown): void {
  if (!(error instanceof TRPCClientError)) return
  const data: unknown = error.data
  const isSignedOut =
    typeof data === 'object' && data !== null && 'code' in data && data.code === 'UNAUTHORIZED'
  if (isSignedOut) void queryClient.invalidateQueries({ queryKey: meKey })
}

/** Forgets all that was loaded but who is signed in: it was for somebody else. */
export function forgetFleet(queryClient: QueryClient): void {
  queryClient.removeQueries({ predicate: ({ queryKey }) => !partialMatchKey(queryKey, meKey) })
}

/** True for an error that the controller gave, false when it could not be reached. */
export function isAnswer(error: unknown): boolean {
  return error instanceof TRPCClientError && error.data !== undefined && error.data !== null
}
