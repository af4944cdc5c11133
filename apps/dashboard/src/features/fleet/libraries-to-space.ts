import type { LibraryView } from '@varve/protocol/hosts'

export interface Space {
  readonly free: number
  readonly total: number
}

/** Free and total bytes under a host's libraries; a filesystem that holds several counts once. Null when none tells. */
export function librariesToSpace(libraries: readonly LibraryView[]): Space | null {
  const byMount = new Map<string, Space>()
  for (const { path, place } of libraries) {
    if (place.free === null || place.total === null) continue
    byMount.set(place.mountPoint ?? path, { free: place.free, total: place.total })
  }
  if (byMount.size === 0) return null
  let [free, total] = [0, 0]
  for (const space of byMount.values()) {
    free += space.free
    total += space.total
  }
  return { free, total }
}
