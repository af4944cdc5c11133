import type { LibraryFacts } from '@varve/protocol/hosts'

/** Free bytes under a host's libraries; a filesystem that holds several counts once. Null when none tells. */
export function freeUnder(libraries: readonly LibraryFacts[]): number | null {
  const byMount = new Map<string, number>()
  for (const { path, place } of libraries) {
    if (place.free !== null) byMount.set(place.mountPoint ?? path, place.free)
  }
  if (byMount.size === 0) return null
  return [...byMount.values()].reduce((sum, free) => sum + free, 0)
}
