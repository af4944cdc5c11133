import { readRange } from '../../binary/byte-source.ts'
import type { CheckOptions } from '../../image/check-report.ts'
import type { FileWrite } from '../../image/disk-writer.ts'
import type { ImageFile } from '../../image/image-files.ts'
import { mostRepairBytes, notRepairable, type RepairPlan } from '../../image/repair-plan.ts'
import { changedRuns } from '../../image/repoint.ts'
import { checkQcow2 } from './check.ts'
import { readHeader } from './header.ts'
import { readRefcountTable } from './reference-counts.ts'

/** Leaked clusters that are remembered, at most. */
const mostClusters = 4 * 1024 * 1024

/**
 * Sets the refcounts of clusters to zero to which nothing refers. Refused when anything else is wrong: a table that
 * cannot be trusted may be the one that refers to them.
 */
export async function repairQcow2(file: ImageFile, options: CheckOptions = {}): Promise<RepairPlan> {
  const { source, path } = file
  const clusters: number[] = []
  const onUnreferenced = (cluster: number) => {
    if (clusters.length < mostClusters) clusters.push(cluster)
  }
  const { totals, findings, isComplete } = await checkQcow2(file, { ...options, onUnreferenced })
  if (findings.some(({ id }) => id === 'qcow2-lost-clusters'))
    throw notRepairable(path, 'clusters that are in no table may hold what the guest wrote')
  if (!isComplete || totals.corruptions > 0) throw notRepairable(path, 'more is wrong than leaked clusters')
  if (totals.leaks > clusters.length)
    throw notRepairable(path, 'clusters that are in use have too high refcounts, or too many are leaked')
  if (clusters.length === 0) return { fixes: [], writes: [] }
  const header = await readHeader(source, path)
  const { blocks, bits, perBlock } = await readRefcountTable(source, header, ({ reason }) => {
    throw notRepairable(path, `an entry of its refcount table ${reason}`)
  })
  const writes: FileWrite[] = []
  let size = 0
  for (let from = 0; from < clusters.length;) {
    const block = Math.floor((clusters[from] ?? 0) / perBlock)
    let to = from + 1
    while (to < clusters.length && Math.floor((clusters[to] ?? 0) / perBlock) === block) to += 1
    const offset = blocks[block] ?? 0
    if (offset <= 0) throw notRepairable(path, `refcount block ${block} is not there`)
    const end = Math.min(source.size, offset + header.clusterSize)
    const old = await readRange(source, { start: offset, end }, 'refcount block')
    const cleared = clear(old, clusters.slice(from, to), { bits, perBlock })
    for (const write of changedRuns(old, cleared, offset)) {
      writes.push(write)
      size += write.bytes.length
    }
    if (size > mostRepairBytes)
      throw notRepairable(path, 'more clusters are leaked than are repaired at once')
    from = to
  }
  return {
    fixes: [`${clusters.length} leaked clusters are given back: their refcounts become 0.`],
    writes: writes.toSorted((a, b) => a.at - b.at),
  }
}

interface BlockShape {
  readonly bits: number
  readonly perBlock: number
}

/** A refcount block in which the counts of `clusters` are zero. */
function clear(old: Uint8Array, clusters: readonly number[], { bits, perBlock }: BlockShape): Uint8Array {
  const bytes = old.slice()
  for (const cluster of clusters) {
    const firstBit = (cluster % perBlock) * bits
    const at = Math.floor(firstBit / 8)
    if (bits >= 8) bytes.fill(0, at, at + bits / 8)
    else bytes[at] = (bytes[at] ?? 0) & ~(((1 << bits) - 1) << (firstBit % 8))
  }
  return bytes
}
