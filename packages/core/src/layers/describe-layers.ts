import { countOf, formatBytes, formatWholeBytes } from '../units/format-bytes.ts'
import { formatRules, type FormatName } from '../image/format-rules.ts'
import type { ImageFacts } from '../image/image-facts.ts'
import type { HostPlace } from '../image/image-files.ts'
import type { Problem } from '../problems/problem.ts'
import { describeGuestLayers } from './describe-guest-layers.ts'
import type { GuestContents } from '../guest/guest-contents.ts'
import { guestProblem } from '../guest/guest-problem.ts'
import { guestSectors, sectorRuleOf, sectorsLostIn, sectorsOfImage } from '../image/guest-sectors.ts'
import type { AllocationSummary, ChainLink, LayerReport, SummaryPart } from '../image/image-report.ts'
import { layerLine, warned } from './layer-line.ts'

/** Everything that was found out about an image, before it is put in words. */
export interface LayerFindings {
  readonly path: string
  readonly facts: ImageFacts
  /** The image itself first, its base last; at least one. */
  readonly chain: readonly ChainLink[]
  /** Null when the disk could not be opened. */
  readonly guest: GuestContents | null
  readonly allocation: AllocationSummary | null
  readonly reclaimable: number | null
  readonly place: HostPlace
  /** Bytes of the image's own file. */
  readonly fileSize: number
  /** Bytes it takes on the host; null when the host does not tell. */
  readonly allocated: number | null
}

/** The stack in words: always eight reports, L7 first. */
export function describeLayers(findings: LayerFindings): LayerReport[] {
  const virtualSize = findings.facts.virtualSize ?? 0
  return [
    ...describeGuestLayers(findings.guest, { virtualSize, reclaimable: findings.reclaimable }),
    describeBlockDevice(findings),
    describeContainer(findings),
    describeHostFile(findings),
    describeMedia(findings.place),
  ]
}

/** Findings about how the layers fit that no single layer shows. */
export function findLayerProblems(findings: LayerFindings): Problem[] {
  return layerRules.flatMap((rule) => rule(findings) ?? [])
}

type LayerRule = (findings: LayerFindings) => Problem | null

/** Shares of the allocated bytes from which reclaiming is worth a person's time, and bytes below which it never is. */
const reclaimWorth = { share: 0.1, bytes: 64 * 1024 * 1024 }

const layerRules: readonly LayerRule[] = [
  discardsArrive,
  onlyOneCopyOnWrite,
  rawHasHoles,
  hyperVOpens,
  sectorsFit,
]

/** The sectors that the guest was set up with against those that its image gives it. */
function sectorsFit({ path, facts, guest }: LayerFindings): Problem | null {
  const { details, format } = facts
  const sectors = guestSectors({ guest, details })
  const told = sectorsOfImage(details)
  if (sectors?.size === 512 && told === 4096) return guestProblem('guest-sectors-512', path, {})
  if (sectors?.size !== 4096) return null
  const isKept = told === 4096
  const lost = sectorsLostIn(format, sectors)
  const severity = !isKept && sectorRuleOf(format) !== 'open' ? 'warn' : 'info'
  const kept = {
    message: `the guest uses sectors of 4,096 bytes (${sectors.because}): in a format of 512 it will not find its partitions`,
    remedy:
      'Convert it to VHDX, which keeps them, or to raw or qcow2 and attach that with logical sectors of 4,096 bytes.',
  }
  return guestProblem('guest-sectors-4096', path, { severity, ...(lost ?? kept) })
}

function discardsArrive({ path, reclaimable, allocation, allocated: onHost }: LayerFindings): Problem | null {
  if (reclaimable === null || allocation === null || reclaimable < reclaimWorth.bytes) return null
  const allocated = Math.min(allocation.dataBytes, onHost ?? Infinity)
  if (reclaimable <= allocated * reclaimWorth.share) return null
  return guestProblem('discards-stopped', path, { reclaimable, allocated })
}

/** Filesystems that copy each write, not only those to blocks that are shared. */
const copiesEachWrite: ReadonlySet<string> = new Set(['btrfs', 'zfs', 'bcachefs'])

function onlyOneCopyOnWrite({ path, chain, facts, place }: LayerFindings): Problem | null {
  const filesystem = place.filesystem ?? 'the host filesystem'
  const { format } = facts
  const below = place.copiesBelow ?? null
  const isChain = chain.length > 1 || facts.snapshots.length > 0
  if (below !== null && (isChain || copiesEachWrite.has(filesystem)))
    return guestProblem('stacked-copy-on-write', path, { format, filesystem, below, isAlone: !isChain })
  if (place.copyOnWrite !== true) return null
  if (isChain) return guestProblem('stacked-copy-on-write', path, { format, filesystem, isAlone: false })
  // Its own tables map each cluster once more.
  if (format !== 'qcow2' || !copiesEachWrite.has(filesystem)) return null
  return guestProblem('stacked-copy-on-write', path, { format, filesystem, isAlone: true })
}

/** What was unpacked to be read says so too. */
function isPacked({ problems }: LayerFindings['facts']): boolean {
  return problems.some(({ id }) => id === 'packed-image')
}

function rawHasHoles({ path, facts, allocated, fileSize, guest, place }: LayerFindings): Problem | null {
  if (
    isPacked(facts) ||
    facts.format !== 'raw' ||
    allocated === null ||
    allocated < fileSize ||
    place.filesystem === null
  )
    return null
  const free = (guest?.filesystems ?? []).reduce((sum, filesystem) => sum + (filesystem.free ?? 0), 0)
  return free > reclaimWorth.bytes ? guestProblem('raw-without-holes', path, { free }) : null
}

function hyperVOpens({ path, facts, place }: LayerFindings): Problem | null {
  const attributes = place.attributes ?? []
  if ((facts.format !== 'vhd' && facts.format !== 'vhdx') || attributes.length === 0) return null
  return guestProblem('not-for-hyper-v', path, { attributes })
}

function describeBlockDevice({ facts, guest }: LayerFindings): LayerReport {
  if (facts.virtualSize === null)
    return silent(
      'L3',
      isPacked(facts) ? 'size unknown: the disk is packed' : warned('size unknown: the header is damaged'),
    )
  const parts = [formatWholeBytes(facts.virtualSize)]
  const table = guest?.table.kind === 'none' ? null : guest?.table.sectorSize
  const sectorSize =
    sectorsOfImage(facts.details) ?? table ?? guestSectors({ guest, details: facts.details })?.size
  if (sectorSize) parts.push(`${sectorSize} B sectors`)
  return { layer: 'L3', sure: 'read', ...layerLine(parts), notes: [], bands: [] }
}

/** What each specification calls its unit of allocation; `blocks` for the rest. */
const unitNames: Partial<Record<FormatName, string>> = {
  qcow2: 'clusters',
  qcow: 'clusters',
  qed: 'clusters',
  parallels: 'clusters',
  vmdk: 'grains',
  sparseimage: 'bands',
  sparsebundle: 'bands',
  asif: 'chunks',
}

function describeContainer({ facts, chain, allocation }: LayerFindings): LayerReport {
  const { label } = formatRules[facts.format]
  const parts = [facts.subformat === null ? label : `${label} ${facts.subformat}`]
  if (facts.clusterSize !== null)
    parts.push(`${formatWholeBytes(facts.clusterSize)} ${unitNames[facts.format] ?? 'blocks'}`)
  if (allocation) parts.push(`${formatBytes(allocation.dataBytes)} allocated`)
  if (chain.length > 1) parts.push(`${countOf(chain.length, 'layer')} in the chain`)
  const notes = facts.snapshots.length > 0 ? [countOf(facts.snapshots.length, 'internal snapshot')] : []
  return { layer: 'L2', sure: 'read', ...layerLine(parts), notes, bands: [] }
}

function describeHostFile({ path, place, fileSize, allocated }: LayerFindings): LayerReport {
  const parts: string[] = []
  if (place.filesystem !== null) {
    parts.push(place.mountPoint === null ? place.filesystem : `${place.filesystem} on ${place.mountPoint}`)
  }
  parts.push(
    allocated === null
      ? `file ${formatBytes(fileSize)}`
      : `file ${formatBytes(fileSize)}, ${formatBytes(allocated)} on disk`,
  )
  if (place.free !== null) parts.push(`${formatBytes(place.free)} free`)
  if (place.copyOnWrite !== null) parts.push(place.copyOnWrite ? 'copy-on-write' : 'no copy-on-write')
  parts.push(...(place.attributes ?? []))
  parts.push(...(place.traits ?? []).map((trait) => trait.replace('without-', 'without ')))
  const used = allocated === null ? null : Math.min(allocated, fileSize)
  const free = used === null ? null : fileSize - used
  const label = path.split(/[/\\]/u).at(-1) ?? path
  return {
    layer: 'L1',
    sure: 'told',
    ...layerLine(parts),
    notes: [],
    bands: [{ start: 0, length: fileSize, kind: 'file', label, used, free }],
  }
}

function describeMedia({ media }: HostPlace): LayerReport {
  if (media === null) return silent('L0', 'not known: the host does not say what lies below its filesystem')
  return { layer: 'L0', sure: 'told', ...layerLine([media]), notes: [], bands: [] }
}

function silent(layer: LayerReport['layer'], summary: string | SummaryPart): LayerReport {
  return { layer, sure: 'unknown', ...layerLine([summary]), notes: [], bands: [] }
}
