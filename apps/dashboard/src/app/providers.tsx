import { MantineProvider } from '@mantine/core'
import { QueryClientProvider, type QueryClient } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { NoticePlace } from '../components/notice-place.tsx'
import { LiveEvents } from '../data/live-events.tsx'
import { TRPCProvider, type ApiClient } from '../data/trpc.ts'
import { router } from './routes.tsx'
import { theme } from './theme.ts'

interface ProvidersProps {
  readonly client: ApiClient
  readonly queryClient: QueryClient
}

/** Everything that pages find around them: theme, data, live events, routes. */
export function Providers({ client, queryClient }: ProvidersProps) {
  return (
    <MantineProvider
      theme={theme}
      defaultColorScheme="auto"
      // Both would be `style` elements: see `adoptTheme`.
      withCssVariables={false}
      withGlobalClasses={false}
    >
      <NoticePlace />
      <QueryClientProvider client={queryClient}>
        <TRPCProvider trpcClient={client} queryClient={queryClient}>
          <LiveEvents>
            <RouterProvider router={router} />
          </LiveEvents>
        </TRPCProvider>
      </QueryClientProvider>
    </MantineProvider>
  )
}
