import type { ByteSource } from '../../binary/byte-source.ts'
import { loadCache } from '../../binary/load-cache.ts'
import { releaseMemory } from '../../binary/release-memory.ts'
import { DiskError } from '../../problems/disk-error.ts'

/** A compressed cluster, or a part of it, that is wanted: `target` takes its bytes from `skip` on. */
export interface CompressedFetch {
  readonly target: Uint8Array
  readonly hostOffset: number
  readonly storedSize: number
  readonly skip: number
}

export interface ClusterFetchOptions {
  readonly file: string
  readonly clusterSize: number
  /** Holds the compressed clusters. */
  readonly source: ByteSource
  /** Holds the plain clusters: the same, or the external data file. */
  readonly dataSource: ByteSource
  readonly dataFile: string
  /** Unpacks to at most `size` bytes; throws on bad input. */
  unpack(bytes: Uint8Array, size: number): Uint8Array
}

/** Brings the bytes of clusters whose place is known. */
export interface ClusterFetch {
  /** Throws `truncated` when a cluster of that run begins at or behind the end of the file. */
  assertHasData(hostOffset: number, length: number): void
  data(target: Uint8Array, hostOffset: number): Promise<void>
  /** Fetches all; neighbours in the file come with one read. */
  compressed(fetches: readonly CompressedFetch[]): Promise<void>
}

/** Bytes of the file that one read of compressed clusters brings, and the gap it may span. */
const longestSpan = 4 * 1024 * 1024
const longestGap = 64 * 1024
/** Unpacked clusters kept for reads of less than a cluster, in bytes. */
const keptClusterBytes = 4 * 1024 * 1024

export function clusterFetch(options: ClusterFetchOptions): ClusterFetch {
  const { file, clusterSize, source, dataSource, dataFile } = options
  /** A file may end inside its last cluster; the rest of that cluster reads as zeros, as in QEMU. */
  const dataEnd = Math.ceil(dataSource.size / clusterSize) * clusterSize
  const unpacked = loadCache<Uint8Array>({ maxBytes: keptClusterBytes, sizeOf: (bytes) => bytes.length })

  /** Memory of the last span, for the next one; null while it is in use. */
  let spare: Uint8Array | null = null

  function assertHasData(hostOffset: number, length: number): void {
    if (hostOffset + length <= dataEnd) return
    const available = Math.max(0, dataSource.size - hostOffset)
    throw new DiskError('truncated', {
      file: dataFile,
      structure: `data at ${hostOffset}`,
      wanted: length,
      available,
    })
  }

  async function data(target: Uint8Array, hostOffset: number): Promise<void> {
    assertHasData(hostOffset, target.length)
    const there = Math.max(0, Math.min(target.length, dataSource.size - hostOffset))
    if (there === target.length) return await dataSource.readInto(target, hostOffset)
    target.fill(0, there)
    if (there > 0) await dataSource.readInto(target.subarray(0, there), hostOffset)
  }

  /** End of the stored bytes: the last sector may be cut by the end of the file. */
  function storedEnd({ hostOffset, storedSize }: CompressedFetch): number {
    if (hostOffset < clusterSize) {
      const reason = `a compressed cluster is said to lie at ${hostOffset}, inside the header`
      throw new DiskError('corrupt', { file, structure: 'L2 table', reason })
    }
    if (hostOffset < source.size) return Math.min(source.size, hostOffset + storedSize)
    const structure = `compressed data at ${hostOffset}`
    throw new DiskError('truncated', { file, structure, wanted: storedSize, available: 0 })
  }

  function unpack(stored: Uint8Array, offset: number): Uint8Array {
    let bytes: Uint8Array
    try {
      bytes = options.unpack(stored, clusterSize)
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      throw new DiskError('decompression-failed', { file, offset, reason }, { cause: error })
    }
    if (bytes.length === clusterSize) return bytes
    const reason = `it gives ${bytes.length} bytes instead of ${clusterSize}`
    throw new DiskError('decompression-failed', { file, offset, reason })
  }

  async function part(fetch: CompressedFetch): Promise<void> {
    const { hostOffset, skip, target } = fetch
    const bytes = await unpacked.get(hostOffset, async () => {
      const stored = new Uint8Array(storedEnd(fetch) - hostOffset)
      await source.readInto(stored, hostOffset)
      return unpack(stored, hostOffset)
    })
    target.set(bytes.subarray(skip, skip + target.length))
  }

  async function span(fetches: readonly CompressedFetch[], start: number, end: number): Promise<void> {
    const memory = spare && spare.length >= end - start ? spare : new Uint8Array(end - start)
    spare = null
    const stored = memory.subarray(0, end - start)
    await source.readInto(stored, start)
    for (const fetch of fetches) {
      const { hostOffset, target } = fetch
      const bytes = unpack(stored.subarray(hostOffset - start, storedEnd(fetch) - start), hostOffset)
      target.set(bytes)
      releaseMemory(bytes)
    }
    spare = memory
  }

  async function compressed(fetches: readonly CompressedFetch[]): Promise<void> {
    let first = 0
    while (first < fetches.length) {
      const fetch = fetches[first]
      if (!fetch) return
      if (fetch.target.length < clusterSize) {
        await part(fetch)
        first += 1
        continue
      }
      const start = fetch.hostOffset
      let end = storedEnd(fetch)
      let next = first + 1
      for (; next < fetches.length; next += 1) {
        const neighbour = fetches[next]
        if (!neighbour || neighbour.target.length < clusterSize) break
        if (neighbour.hostOffset < start || neighbour.hostOffset > end + longestGap) break
        const reach = Math.max(end, storedEnd(neighbour))
        if (reach - start > longestSpan) break
        end = reach
      }
      await span(fetches.slice(first, next), start, end)
      first = next
    }
  }

  return { assertHasData, data, compressed }
}
