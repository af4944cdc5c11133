import type { LayerFindings } from './describe-layers.ts'
import type { ReclaimShare } from '../image/image-report.ts'

type Findings = Pick<LayerFindings, 'facts' | 'chain' | 'allocation' | 'reclaimable' | 'allocated'>

const mebibyte = 1024 * 1024

/** What reclaiming would give at each layer, from what an inspection knows: no data are read for it. */
export function estimateReclaim(findings: Findings): ReclaimShare[] {
  if (findings.allocation === null) return []
  return [guestFree(findings), zeros(findings), belowTheDisk(findings)]
}

/** The shares that give something back, as far as that is known without reading data. */
export function knownGains<Share extends Pick<ReclaimShare, 'bytes'>>(shares: readonly Share[]): Share[] {
  return shares.filter(({ bytes }) => bytes !== null && bytes > 0)
}

/** L6 to L2: free in the guest's filesystems, still allocated in the image. */
function guestFree({ reclaimable }: Findings): ReclaimShare {
  return {
    layer: 'L6',
    kind: 'guest-free',
    bytes: reclaimable,
    message:
      reclaimable === null
        ? 'no filesystem tells what is free in it'
        : 'free in the filesystems of the guest, but allocated in the image',
    remedy:
      'Turn on discard for the disk and run fstrim in the guest (Windows: Optimize-Volume -ReTrim); where the file does not shrink then: varve reclaim.',
  }
}

/** L2: allocated, but zero; only reading all data tells. */
function zeros({ allocation }: Findings): ReclaimShare {
  return {
    layer: 'L2',
    kind: 'zeros',
    bytes: allocation?.dataBytes === 0 ? 0 : null,
    message: 'allocated, but holding only zeros: only reading all of it would tell',
    remedy: 'varve reclaim writes the image anew: zeros become holes.',
  }
}

/** L2 to L1: what the file takes on the host beyond the data and tables of the disk. */
function belowTheDisk(findings: Findings): ReclaimShare {
  const { facts, chain } = findings
  const kind =
    facts.snapshots.length > 0 ? 'snapshots' : facts.clusterSize === null ? 'file-slack' : 'container-slack'
  const bytes = chain.length > 1 ? null : excess(findings)
  const unknown =
    chain.length > 1
      ? 'layers of a chain are not told apart'
      : facts.clusterSize === null
        ? 'the file has no holes, or the host does not tell'
        : 'its data are compressed, or the host does not tell'
  const words = {
    snapshots: {
      layer: 'L2',
      message: 'held by internal snapshots at most, beyond the current state of the disk',
      remedy: 'Delete the snapshots that nobody needs; convert the image when it does not shrink then.',
    },
    'container-slack': {
      layer: 'L2',
      message: 'allocated in the file, but in no use by the disk: leaked, discarded or preallocated',
      remedy: 'Check the image for leaks, or write it anew: varve reclaim.',
    },
    'file-slack': {
      layer: 'L1',
      message: 'reserved on the host for the file, but never written',
      remedy: 'varve reclaim writes it without them; keep it when it was reserved on purpose.',
    },
  } as const
  const { layer, message, remedy } = words[kind]
  return { layer, kind, bytes, message: bytes === null ? `not known: ${unknown}` : message, remedy }
}

/** Bytes beyond data and tables, an allowance for which is taken off; null where data may be stored compressed. */
function excess({ facts, allocation, allocated }: Findings): number | null {
  if (allocation === null || allocated === null) return null
  const { dataBytes } = allocation
  const { clusterSize, virtualSize } = facts
  if (clusterSize === null) return dataBytes < (virtualSize ?? 0) ? Math.max(0, allocated - dataBytes) : null
  if (allocated < dataBytes) return null
  return Math.max(0, allocated - dataBytes - tablesAllowance(clusterSize, virtualSize ?? 0, dataBytes))
}

/**
 * At most what headers, logs and tables take in any of the formats: VHDX reserves some MiB at its start, tables have up to
 * 16 bytes per cluster, and VHD keeps a sector of bitmap per block.
 */
function tablesAllowance(clusterSize: number, virtualSize: number, dataBytes: number): number {
  return 8 * mebibyte + Math.ceil(virtualSize / clusterSize) * 16 + Math.ceil(dataBytes / 1024)
}
