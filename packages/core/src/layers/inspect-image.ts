import { unknownPlace } from '../image/unknown-place.ts'
import type { ImagePorts } from '../image/image-files.ts'
import { openLayers, type OpenChain } from '../chain/open-chain.ts'
import { toChainLink, walkChain, type ChainOptions } from '../chain/walk-chain.ts'
import { DiskError, toErrorRecord } from '../problems/disk-error.ts'
import { problemFromError, type Problem } from '../problems/problem.ts'
import { describeLayers, findLayerProblems, type LayerFindings } from './describe-layers.ts'
import type { GuestContents } from '../guest/guest-contents.ts'
import type { AllocationSummary, ImageReport } from '../image/image-report.ts'
import { estimateReclaim } from './reclaim-estimate.ts'
import { rawContentProblems } from '../scan/raw-contents.ts'
import { readGuestContents } from '../scan/read-guest.ts'
import { summariseAllocation } from './summarise-allocation.ts'

export interface InspectOptions extends ChainOptions {
  /**
   * Whether to go through the tables of the whole disk for its allocation (the default): that takes as long as they are,
   * where all else takes less than a millisecond. Without it `allocation` and `reclaimable` are null.
   */
  readonly map?: boolean
  /** Told the files that hold bytes of the disk besides the files of the chain, once they are open. */
  readonly onParts?: (paths: readonly string[]) => void
}

/**
 * Everything about an image, from its file to its guest's filesystems. What cannot be found out becomes a problem of the
 * report; throws only when the top file cannot be opened or read, and when `signal` says so.
 */
export async function inspectImage(
  path: string,
  ports: ImagePorts,
  options: InspectOptions = {},
): Promise<ImageReport> {
  await using walked = await walkChain(path, ports, options)
  const problems = [...walked.problems]
  const attempt = attemptsInto(problems, path, options.signal)
  const [top] = walked.links
  const { facts } = top
  await using opened =
    top.isSealed || walked.problems.some(({ severity }) => severity === 'block')
      ? null
      : await attempt(() => openLayers(walked, ports))
  if (opened) options.onParts?.(partsOf(opened))
  const chain = opened?.links ?? walked.links.map((link) => toChainLink(link))
  // What a snapshot could give back belongs to the current state too.
  const ofCurrent = options.choices?.snapshot === undefined
  const read = await readContents(opened, attempt, options)
  const contents = ofCurrent ? read : { ...read, reclaimable: null }
  const place = (await attempt(() => ports.files.place(path))) ?? unknownPlace
  problems.push(...(contents.guest?.problems ?? []))
  const isAlone = walked.links.length === 1
  const ofRaw = isAlone ? await attempt(() => rawContentProblems(top, contents.guest, options.signal)) : null
  problems.push(...(ofRaw ?? []))
  const own = chain[0] ?? toChainLink(top)
  const { guest, allocation } = contents
  const reclaimable = onTheHost(contents, own.allocated)
  const findings: LayerFindings = {
    path,
    facts,
    chain,
    guest,
    allocation,
    reclaimable,
    place,
    fileSize: own.fileSize,
    allocated: own.allocated,
  }
  problems.push(...findLayerProblems(findings))
  return {
    path,
    format: facts.format,
    subformat: facts.subformat,
    virtualSize: facts.virtualSize,
    fileSize: own.fileSize,
    allocated: own.allocated,
    chain,
    layers: describeLayers(findings),
    guest,
    allocation,
    reclaimable,
    reclaim: ofCurrent ? estimateReclaim(findings) : [],
    snapshots: facts.snapshots,
    details: facts.details,
    place,
    problems: distinct(problems),
  }
}

function partsOf({ files, links }: OpenChain): string[] {
  const own = new Set(links.map(({ path }) => path))
  return files.flatMap(({ path }) => (own.has(path) ? [] : [path]))
}

interface Contents {
  readonly guest: GuestContents | null
  readonly allocation: AllocationSummary | null
  /** Free in the guest, but held by the image's own file, as the guest counts. */
  readonly reclaimable: number | null
  /** Bytes of the disk whose data the image's own file holds. */
  readonly ownBytes: number | null
}

/**
 * What reclaiming would give on the host, which is less than what the guest sees where data are stored compressed: in
 * proportion, and never more than the image's own file takes.
 */
function onTheHost({ reclaimable, ownBytes }: Contents, allocated: number | null): number | null {
  if (reclaimable === null || ownBytes === null || allocated === null) return reclaimable
  const packed = ownBytes > allocated ? allocated / ownBytes : 1
  return Math.min(Math.floor(reclaimable * packed), allocated)
}

type Attempt = <T>(step: () => Promise<T>) => Promise<T | null>

async function readContents(
  opened: OpenChain | null,
  attempt: Attempt,
  { signal, map = true }: InspectOptions,
): Promise<Contents> {
  if (opened === null) return { guest: null, allocation: null, reclaimable: null, ownBytes: null }
  const { disk, own } = opened
  const readOptions = signal === undefined ? {} : { signal }
  const guest = await attempt(() => readGuestContents(disk, readOptions))
  const summary = map ? await attempt(() => summariseAllocation(disk, guest, readOptions)) : null
  // Through an overlay nothing of its parents is given back.
  const ofOwn = summary && own ? await attempt(() => summariseAllocation(own, guest, readOptions)) : summary
  return {
    guest,
    allocation: summary && { ...summary.allocation, reclaimable: ofOwn?.allocation.reclaimable ?? null },
    reclaimable: ofOwn?.reclaimable ?? null,
    ownBytes: ofOwn?.allocation.dataBytes ?? null,
  }
}

/** Runs a step; what it throws becomes a problem and its result null. */
function attemptsInto(problems: Problem[], file: string, signal: AbortSignal | undefined): Attempt {
  return async (step) => {
    signal?.throwIfAborted()
    try {
      return await step()
    } catch (error) {
      signal?.throwIfAborted()
      problems.push(error instanceof DiskError ? problemFromError(error) : unexpected(error, file))
      return null
    }
  }
}

function unexpected(error: unknown, file: string): Problem {
  const { code, layer, message, remedy } = toErrorRecord(error, file)
  return { id: code, severity: 'block', layer, file, message, remedy }
}

function distinct(problems: readonly Problem[]): Problem[] {
  const seen = new Map(
    problems.map((problem) => [`${problem.id} ${problem.file} ${problem.message}`, problem]),
  )
  return [...seen.values()]
}
