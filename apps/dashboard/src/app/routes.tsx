import { createRootRoute, createRoute, createRouter, redirect } from '@tanstack/react-router'
import { ErrorCard } from '../components/states.tsx'
import { toAuditSearch } from '../features/audit/audit-search.ts'
import { toHostSearch } from '../features/fleet/host-search.ts'
import { toImageSearch } from '../features/image-table/image-search.ts'
import { toRunSearch } from '../features/runs/run-search.ts'
import { toSignInSearch } from '../features/sign-in/sign-in-search.ts'
import { MissingPage } from '../pages/missing-page.tsx'
import { lazyPage } from './lazy-page.ts'
import {
  toActivitySearch,
  toDeviceSearch,
  toHostPageSearch,
  toImagePageSearch,
  toMigrationPageSearch,
  toRunPageSearch,
} from './page-search.ts'
import { Root } from './shell.tsx'

const rootRoute = createRootRoute({ component: Root, notFoundComponent: MissingPage })

const overviewRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/',
  component: lazyPage(() => import('../pages/overview-page.tsx'), 'OverviewPage'),
})

const hostsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/hosts',
  validateSearch: toHostSearch,
  component: lazyPage(() => import('../pages/hosts-page.tsx'), 'HostsPage'),
})

const hostRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/hosts/$name',
  validateSearch: toHostPageSearch,
  component: lazyPage(() => import('../pages/host-page.tsx'), 'HostPage'),
})

const imagesRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/images',
  validateSearch: toImageSearch,
  component: lazyPage(() => import('../pages/images-page.tsx'), 'ImagesPage'),
})

const imageRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/images/$id',
  validateSearch: toImagePageSearch,
  component: lazyPage(() => import('../pages/image-page.tsx'), 'ImagePage'),
})

const migrationsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/migrations',
  // What links of before the runs had a page of their own said.
  beforeLoad: ({ location }) => {
    const { q, format, ...rest }: Record<string, unknown> = location.search
    const words = [q, format].filter((part) => typeof part === 'string' || typeof part === 'number')
    redirect({
      to: '/runs',
      search: toRunSearch({ ...rest, q: words.join(' '), operation: 'migrate' }),
      replace: true,
      throw: true,
    })
  },
})

const migrationRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/migrations/$id',
  validateSearch: toMigrationPageSearch,
  component: lazyPage(() => import('../pages/migration-page.tsx'), 'MigrationPage'),
})

const runsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/runs',
  validateSearch: toRunSearch,
  component: lazyPage(() => import('../pages/runs-page.tsx'), 'RunsPage'),
})

const runRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/runs/$id',
  validateSearch: toRunPageSearch,
  component: lazyPage(() => import('../pages/run-page.tsx'), 'RunPage'),
})

const activityRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/activity',
  validateSearch: toActivitySearch,
  component: lazyPage(() => import('../pages/activity-page.tsx'), 'ActivityPage'),
})

const auditRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/audit',
  validateSearch: toAuditSearch,
  component: lazyPage(() => import('../pages/audit-page.tsx'), 'AuditPage'),
})

const peopleRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/people',
  component: lazyPage(() => import('../pages/people-page.tsx'), 'PeoplePage'),
})

const accountRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/account',
  component: lazyPage(() => import('../pages/account-page.tsx'), 'AccountPage'),
})

const signInRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/sign-in',
  validateSearch: toSignInSearch,
  component: lazyPage(() => import('../pages/sign-in-page.tsx'), 'SignInPage'),
})

const deviceRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/device',
  validateSearch: toDeviceSearch,
  component: lazyPage(() => import('../pages/device-page.tsx'), 'DevicePage'),
})

const settingsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/settings',
  component: lazyPage(() => import('../pages/settings-page.tsx'), 'SettingsPage'),
})

const routeTree = rootRoute.addChildren([
  overviewRoute,
  hostsRoute,
  hostRoute,
  imagesRoute,
  imageRoute,
  migrationsRoute,
  migrationRoute,
  runsRoute,
  runRoute,
  activityRoute,
  auditRoute,
  peopleRoute,
  accountRoute,
  signInRoute,
  deviceRoute,
  settingsRoute,
])

export const router = createRouter({
  routeTree,
  defaultPreload: 'intent',
  scrollRestoration: true,
  defaultErrorComponent: ({ error, reset }) => <ErrorCard error={error} onRetry={reset} />,
})

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router
  }
}
