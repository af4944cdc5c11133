/** Things that are slow to load, kept up to a number of bytes; the longest unused goes first. */
export interface LoadCache<V> {
  /** What is there already, without waiting. */
  peek(key: number): V | undefined
  /** What is there, or what `load` brings; callers that ask for one key at the same time share one load. */
  get(key: number, load: () => Promise<V>): Promise<V>
  /** Whether something of that size can be kept without anything else going. */
  hasRoomFor(bytes: number): boolean
}

export interface LoadCacheOptions<V> {
  readonly maxBytes: number
  /** What is kept counts with this many bytes; what is being loaded does not count. */
  readonly sizeOf: (value: V) => number
}

/** An empty cache; it keeps at least the value loaded last, however large. A load that fails is not kept. */
export function loadCache<V>({ maxBytes, sizeOf }: LoadCacheOptions<V>): LoadCache<V> {
  const kept = new Map<number, V>()
  const loading = new Map<number, Promise<V>>()
  let keptBytes = 0

  function peek(key: number): V | undefined {
    const value = kept.get(key)
    if (value === undefined) return undefined
    kept.delete(key)
    kept.set(key, value)
    return value
  }

  async function loadNow(key: number, load: () => Promise<V>): Promise<V> {
    try {
      const value = await load()
      kept.set(key, value)
      keptBytes += sizeOf(value)
      for (const [oldest, old] of kept) {
        if (keptBytes <= maxBytes || oldest === key) break
        kept.delete(oldest)
        keptBytes -= sizeOf(old)
      }
      return value
    } finally {
      loading.delete(key)
    }
  }

  return {
    peek,
    hasRoomFor: (bytes) => keptBytes + bytes <= maxBytes,
    async get(key, load) {
      const found = peek(key)
      if (found !== undefined) return found
      const shared = loading.get(key)
      if (shared) return await shared
      const started = loadNow(key, load)
      loading.set(key, started)
      return await started
    },
  }
}
