import type { ByteRange } from '../ranges/byte-range.ts'
import { overlayDisk } from '../disk/overlay-disk.ts'
import type { ChainLink } from '../image/image-report.ts'
import { DiskError, isDiskError } from '../problems/disk-error.ts'
import { isBlocking, type Problem } from '../problems/problem.ts'
import type { DiskReader } from '../disk/disk-reader.ts'
import type { OpenLayer } from '../image/format-driver.ts'
import type { ImageFacts } from '../image/image-facts.ts'
import type { ImageFile, ImagePorts } from '../image/image-files.ts'
import { isSurvivable, tolerantDisk } from '../image/rescue.ts'
import { toChainLink, walkChain, type ChainOptions, type WalkedChain, type WalkedLink } from './walk-chain.ts'

/** An image with all its parents, as the guest sees it. */
export interface OpenChain extends AsyncDisposable {
  readonly disk: DiskReader
  /** What the image's own file holds of it; null when it has no parent. */
  readonly own: DiskReader | null
  /** What a rescue read as zeros so far because it could not be read. */
  readonly zeroed: readonly ByteRange[]
  /** The image itself first, its base last. */
  readonly links: readonly ChainLink[]
  /** Every file that is read, parts of split images too; their fingerprints tell whether anything changed. */
  readonly files: readonly ImageFile[]
}

/**
 * Opens an image and its chain of parents, formats mixed as they come. Throws a coded error for everything that would
 * give other bytes than the guest saw: damage, a missing or wrong parent, a loop, a format or feature that is not read.
 */
export async function openChain(
  path: string,
  ports: ImagePorts,
  options: ChainOptions = {},
): Promise<OpenChain> {
  await using stack = new AsyncDisposableStack()
  const walked = stack.use(await walkChain(path, ports, options))
  const layers = stack.use(await openLayers(walked, ports))
  const release = stack.move()
  const { disk, own, zeroed, links, files } = layers
  return { disk, own, zeroed, links, files, [Symbol.asyncDispose]: () => release.disposeAsync() }
}

/** The chain over files that are open already; they stay the walk's. Throws as `openChain` does. */
export async function openLayers(walked: WalkedChain, ports: ImagePorts): Promise<OpenChain> {
  await using stack = new AsyncDisposableStack()
  const links: ChainLink[] = []
  const files: ImageFile[] = []
  const disks: DiskReader[] = []
  const isRescue = walked.links[0].choices.rescue === true
  for (const link of walked.links) {
    const layer = await openLayer(link, ports).catch((error: unknown) => {
      if (!isRescue || disks.length === 0 || !isDiskError(error) || !isSurvivable(error)) throw error
      return null
    })
    // A parent that cannot be read at all: what it held reads as zeros, which the walk has said.
    if (layer === null) break
    stack.use(layer)
    links.push(toChainLink(link, layer.parts))
    files.push(link.file, ...layer.parts)
    disks.push(layer.disk)
  }
  const failure = walked.failures.find((error) => !isRescue || !isSurvivable(error))
  if (failure) throw failure
  const chain = disks.reduceRight((parent, child) => overlayDisk(child, parent))
  const tolerant = isRescue ? tolerantDisk(chain) : null
  const disk = tolerant ?? chain
  const [top, ...parents] = disks
  const own = top === undefined || parents.length === 0 ? null : isRescue ? tolerantDisk(top) : top
  const release = stack.move()
  const zeroed = tolerant?.zeroed ?? []
  return { disk, own, zeroed, links, files, [Symbol.asyncDispose]: () => release.disposeAsync() }
}

async function openLayer(
  { file, read = file, driver, facts, choices }: WalkedLink,
  ports: ImagePorts,
): Promise<OpenLayer> {
  await using stack = new AsyncDisposableStack()
  const layer = stack.use(await driver.openLayer(read, ports, choices))
  const blocking = facts.problems.find(isBlocking)
  if (blocking) {
    const { message: reason, remedy } = blocking
    throw new DiskError('refused', { file: file.path, reason, remedy })
  }
  stack.move()
  return layer
}

export interface InspectedLink {
  readonly link: ChainLink
  readonly facts: ImageFacts
}

export interface InspectedChain {
  /** The image itself first; at least one, as far as the chain can be followed. */
  readonly links: readonly [InspectedLink, ...InspectedLink[]]
  readonly problems: readonly Problem[]
}

/** Facts of every file of a chain, damaged ones too; throws only when the top file cannot be opened or read. */
export async function inspectChain(
  path: string,
  ports: ImagePorts,
  options: ChainOptions = {},
): Promise<InspectedChain> {
  await using walked = await walkChain(path, ports, options)
  const [top, ...parents] = walked.links
  const inspected = (link: WalkedLink): InspectedLink => ({ link: toChainLink(link), facts: link.facts })
  return { links: [inspected(top), ...parents.map(inspected)], problems: walked.problems }
}
