import { lazyRouteComponent, type RouteComponent } from '@tanstack/react-router'

const tryEveryMs = 1000

/**
 * A page that is loaded when it is first wanted. While the controller is away it is tried again until it comes: the page
 * that is open stays. (The router's own way is to reload, which without a controller leaves an empty window.)
 */
export function lazyPage(load: () => Promise<unknown>, name: string): RouteComponent {
  loaders.push(load)
  // `load` is typed loosely: the pages' own types know the routes, which know the pages.
  return lazyRouteComponent(async () => (await untilLoaded(load)) as Record<string, RouteComponent>, name)
}

const loaders: (() => Promise<unknown>)[] = []

/** Loads every page that is not there yet, so that going there needs no controller. */
export async function loadAllPages(): Promise<void> {
  for (const load of loaders) await load().catch(() => undefined)
}

async function untilLoaded<T>(load: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await load()
    } catch {
      if (await isThere()) {
        // It answers and still does not have the page: it serves a newer dashboard by now.
        location.reload()
        return await new Promise<T>(() => undefined)
      }
      await new Promise((resolve) => setTimeout(resolve, tryEveryMs))
    }
  }
}

async function isThere(): Promise<boolean> {
  try {
    return (await fetch('/api/health', { cache: 'no-store' })).ok
  } catch {
    return false
  }
}
