import { chunkSize } from '@varve/core/digest/disk-digest'
import { isDiskError, quote } from '@varve/core/problems/disk-error'
import { digestDisk } from '../disks/digest-disk.ts'
import { openInput } from '../run/open-input.ts'
import type { RunOptions } from '../run/run-options.ts'
import { finding, type Diagnosis } from './diagnosis.ts'
import { machinesNaming } from './machine-definitions.ts'
import { byHand, mendByDelete } from './mending.ts'
import type { SeenImage } from './look-at-images.ts'
import type { NeededFiles } from './needed-files.ts'

interface Reading extends RunOptions {
  readonly roots: readonly string[] | null
  readonly needed: NeededFiles
  /** Told each image before it is read. */
  readonly onImage?: (path: string) => void
}

/**
 * Images that hold the same disk, whatever their formats. Only those are read whole that have a disk of one size with as much data as
 * another one; one over the other is no duplicate. An image that cannot be read is left out.
 */
export async function findDuplicates(
  images: readonly SeenImage[],
  options: Reading,
): Promise<readonly Diagnosis[]> {
  const sizes = groupsOf(images, ({ virtualSize }) => (virtualSize ? String(virtualSize) : null))
  const found: Diagnosis[] = []
  for (const group of sizes) {
    const data = new Map<SeenImage, string | null>()
    for (const image of group)
      data.set(image, await unlessUnreadable(async () => dataChunksOf(image, options)))
    for (const alike of groupsOf(group, (image) => data.get(image) ?? null)) {
      const digests = new Map<SeenImage, string | null>()
      for (const image of alike) {
        options.onImage?.(image.path)
        digests.set(image, await unlessUnreadable(async () => digestOf(image, options)))
      }
      for (const same of groupsOf(alike, (image) => digests.get(image) ?? null))
        found.push(...(await duplicates(same, { digests, needed: options.needed })))
    }
  }
  return found
}

/** The groups of two and more. */
function groupsOf(
  images: readonly SeenImage[],
  keyOf: (image: SeenImage) => string | null,
): readonly (readonly SeenImage[])[] {
  const groups = new Map<string, SeenImage[]>()
  for (const image of images) {
    const key = keyOf(image)
    if (key !== null) groups.set(key, [...(groups.get(key) ?? []), image])
  }
  return [...groups.values()].filter((group) => group.length > 1)
}

async function dataChunksOf({ path }: SeenImage, { roots, signal }: Reading): Promise<string> {
  const input = { kind: 'image', path, roots, format: null } as const
  const asked = signal ? { signal } : {}
  await using opened = await openInput(input, { io: 'sync', ...asked })
  let chunks = 0
  let behind = 0
  for await (const extent of opened.disk.extents({ start: 0, end: opened.disk.virtualSize }, asked)) {
    if (extent.content !== 'data') continue
    // Formats keep data in blocks of different sizes: what counts is which chunks hold any.
    const first = Math.max(behind, Math.floor(extent.start / chunkSize))
    const end = Math.ceil((extent.start + extent.length) / chunkSize)
    chunks += Math.max(0, end - first)
    behind = Math.max(behind, end)
  }
  return String(chunks)
}

async function digestOf({ path }: SeenImage, options: Reading): Promise<string> {
  const input = { kind: 'image', path, roots: options.roots, format: null } as const
  const { digest } = await digestDisk(input, options)
  return digest
}

async function unlessUnreadable(work: () => Promise<string>): Promise<string | null> {
  try {
    return await work()
  } catch (error) {
    if (isDiskError(error) && error.code !== 'canceled') return null
    throw error
  }
}

interface Alike {
  readonly digests: ReadonlyMap<SeenImage, string | null>
  readonly needed: NeededFiles
}

/** One that is needed stays, or else the oldest; each of the others could go that nobody needs. */
async function duplicates(
  group: readonly SeenImage[],
  { digests, needed: files }: Alike,
): Promise<Diagnosis[]> {
  const needed = new Set<SeenImage>()
  for (const image of group)
    if ((await files.has(image.path)) || (await machinesNaming(image.path)).length > 0) needed.add(image)
  const [first, ...others] = group.toSorted(
    (a, b) => Number(needed.has(b)) - Number(needed.has(a)) || a.modifiedMs - b.modifiedMs,
  )
  return others
    .filter((other) => first && !other.parents.includes(first.path) && !first.parents.includes(other.path))
    .map((other) =>
      finding(other, {
        id: 'duplicate',
        layer: 'L3',
        message: `it holds the same disk as ${quote(first?.path ?? '')}`,
        ...(needed.has(other) ? bothNeeded : oneTooMany(other)),
        details: { same: first?.path, digest: digests.get(other) },
      }),
    )
}

const bothNeeded = {
  severity: 'info',
  remedy:
    'Images or machines need it, or may need it, as they do the other: let them name one before the other goes.',
  ...byHand,
} as const

function oneTooMany({ path }: SeenImage) {
  const remedy = 'Put one of both into quarantine if nobody needs two.'
  return { severity: 'warn', remedy, ...mendByDelete(path) } as const
}
