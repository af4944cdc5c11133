import type { GuestRegion } from '../guest/guest-region.ts'
import type { ClusterRun } from './ntfs-records.ts'

/** The clusters of one attribute of a volume. */
export interface NtfsStream {
  readonly runs: readonly ClusterRun[]
  /** Bytes. */
  readonly clusterSize: number
}

/** `length` bytes at `at` of a stream, holes as zeros; null where its runs, or the volume, end before. */
export async function readStream(
  region: GuestRegion,
  { runs, clusterSize }: NtfsStream,
  { at, length }: { readonly at: number; readonly length: number },
): Promise<Uint8Array | null> {
  if (!Number.isSafeInteger(at) || at < 0) return null
  const parts: (Uint8Array | number)[] = []
  let before = 0
  let filled = 0
  for (const { cluster, clusters } of runs) {
    const size = clusters * clusterSize
    const from = at + filled
    if (filled < length && from < before + size) {
      const wanted = Math.min(length - filled, before + size - from)
      const part =
        cluster === null ? wanted : await region.peek(cluster * clusterSize + from - before, wanted)
      if (part === null) return null
      parts.push(part)
      filled += wanted
    }
    before += size
    if (filled === length) break
  }
  if (filled < length) return null
  const [only] = parts
  if (parts.length === 1 && only instanceof Uint8Array) return only
  const bytes = new Uint8Array(length)
  let next = 0
  for (const part of parts) {
    if (typeof part === 'number') next += part
    else {
      bytes.set(part, next)
      next += part.length
    }
  }
  return bytes
}
