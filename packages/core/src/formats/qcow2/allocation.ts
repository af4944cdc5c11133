import type { FileWrite } from '../../image/disk-writer.ts'
import { clusterSize, clustersPerRegion } from './layout.ts'
import type { Qcow2Layout } from './layout.ts'

/** Takes room in a new image, over memory that all threads share; never by two threads at once. */
export interface Allocation {
  /** Per L2 table its cluster, 0 where there is none yet. */
  readonly l1: Float64Array
  /** The next free cluster, its count set to 1. A refcount block that became final goes to `finals`. */
  takeCluster(finals: FileWrite[]): number
  /** Byte offset for `size` bytes of one compressed cluster; they may cross into the next cluster. */
  takePacked(size: number, finals: FileWrite[]): number
  /** The refcount block of the last region. */
  lastBlock(): FileWrite
  /** Clusters of the file so far. */
  clusters(): number
}

const placesSize = 64
const nextClusterPlace = 0
const packedEndPlace = 1

export function allocationSize(layout: Qcow2Layout): number {
  return placesSize + clustersPerRegion * 2 + layout.l1Entries * 8
}

/** The allocation in `state`; memory of zeros means that nothing was taken yet. */
export function sharedAllocation(state: ArrayBufferLike, layout: Qcow2Layout): Allocation {
  const places = new Float64Array(state, 0, placesSize / 8)
  const counts = new Uint16Array(state, placesSize, clustersPerRegion)
  const l1 = new Float64Array(state, placesSize + clustersPerRegion * 2, layout.l1Entries)

  function next(): number {
    const found = places[nextClusterPlace] ?? 0
    if (found !== 0) return found
    counts.fill(1, 0, layout.firstFree)
    places[nextClusterPlace] = layout.firstFree
    return layout.firstFree
  }

  /** The counts of the region whose last cluster in use is `last`, as they lie in the file. */
  function blockOf(last: number): FileWrite {
    const region = Math.floor(last / clustersPerRegion)
    const bytes = new Uint8Array(clusterSize)
    const view = new DataView(bytes.buffer)
    for (let index = last % clustersPerRegion; index >= 0; index -= 1)
      view.setUint16(index * 2, counts[index] ?? 0)
    return { at: refcountBlockAt(region) * clusterSize, bytes }
  }

  function takeCluster(finals: FileWrite[]): number {
    let cluster = next()
    if (cluster % clustersPerRegion === 0) {
      finals.push(blockOf(cluster - 1))
      counts.fill(0)
      counts[0] = 1
      places[packedEndPlace] = 0
      cluster += 1
    }
    counts[cluster % clustersPerRegion] = 1
    places[nextClusterPlace] = cluster + 1
    return cluster
  }

  function countOneMore(at: number): void {
    const index = Math.floor(at / clusterSize) % clustersPerRegion
    counts[index] = (counts[index] ?? 0) + 1
  }

  function takePacked(size: number, finals: FileWrite[]): number {
    const at = places[packedEndPlace] ?? 0
    const tailEnd = Math.ceil(at / clusterSize) * clusterSize
    const fits = at + size <= tailEnd
    const goesOn = at < tailEnd && tailEnd === next() * clusterSize && next() % clustersPerRegion !== 0
    if (!fits && !goesOn) {
      const fresh = takeCluster(finals) * clusterSize
      places[packedEndPlace] = fresh + size
      return fresh
    }
    countOneMore(at)
    if (!fits) takeCluster(finals)
    places[packedEndPlace] = at + size
    return at
  }

  return { l1, takeCluster, takePacked, lastBlock: () => blockOf(next() - 1), clusters: next }
}

/** The cluster of the refcount block of `region`. */
export function refcountBlockAt(region: number): number {
  return region === 0 ? 1 : region * clustersPerRegion
}
