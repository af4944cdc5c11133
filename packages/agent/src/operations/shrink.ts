import { readRecipe } from '@varve/core/filesystems/read-recipe'
import { randomHex } from '@varve/core/binary/random-hex'
import type { DiskReader } from '@varve/core/disk/disk-reader'
import { findBlockLoaders } from '@varve/core/partitions/block-loaders'
import { readGuestContents } from '@varve/core/scan/read-guest'
import { countExtents, readLinearVolume } from '@varve/core/volumes/linear-volume'
import { mappedDisk } from '@varve/core/volumes/mapped-disk'
import { stagedPath } from '@varve/engine/files/staged-name'
import { openInput } from '@varve/engine/run/open-input'
import type { ByFilesFacts, LogicalFacts, ResizeFacts } from '@varve/operations/resize/facts'
import { isMade } from '@varve/operations/resize/kinds'
import type { ResizeTarget } from '@varve/operations/resize/targets'
import { shrunkTarget } from '@varve/operations/shrink/choice'
import { shrunkInside } from '@varve/operations/shrink/inside'
import { shrinkOperation } from '@varve/operations/shrink/plan'
import type { ShrinkRequest } from '@varve/operations/shrink/request'
import { diskInput } from '../actions/image-input.ts'
import { filesystemAtStart } from './guest-volumes.ts'
import { defineLocalOperation, type FactsContext } from './local-operation.ts'
import { gatherResize } from './resize-facts.ts'
import { xfsVersion } from './xfs-version.ts'

export const shrinkHere = defineLocalOperation(shrinkOperation, async (request, context) => {
  const facts = await gatherResize(request.image, context)
  return request.byFiles ? { ...facts, byFiles: await gatherByFiles(facts, request, context) } : facts
})

/** How the filesystem that is to become smaller was made, and what starts from it. */
async function gatherByFiles(
  facts: ResizeFacts,
  request: ShrinkRequest,
  context: FactsContext,
): Promise<ByFilesFacts> {
  const { image, guest, volumes } = facts
  const staging = randomHex(6)
  const found = {
    small: { path: stagedPath(image.path, staging), staging },
    logical: null,
    recipe: null,
    loaders: [],
    xfsVersion: null,
  }
  const target = guest === null ? undefined : shrunkTarget(guest, volumes, request)
  const inside = target && shrunkInside(facts, request, target)
  if (!target || (inside?.kind !== 'plain' && inside?.kind !== 'lvm')) return found
  const { signal } = context
  const source = diskInput({ path: image.path, format: null, reading: {} }, context.ports)
  await using opened = await openInput(source, { io: 'async', signal })
  const { disk } = opened
  if (inside.kind === 'plain') return { ...found, ...(await howMade(disk, target, context)) }
  const seen = await lookIntoVolume(disk, { target, volume: inside.volume, signal })
  if (typeof seen === 'string') return { ...found, logical: seen }
  const { logical, volume } = seen
  const { partition } = target
  const place = { start: partition?.start ?? 0, length: partition?.length ?? disk.virtualSize }
  return {
    ...found,
    logical,
    ...(await howMade(volume, { filesystem: logical.filesystem }, context)),
    // What lies before a volume is LVM's.
    loaders: await findBlockLoaders(disk, { ...place, hasBootSector: false }),
  }
}

/** Of the filesystem that lies on that disk. */
async function howMade(
  disk: DiskReader,
  { filesystem }: Pick<ResizeTarget, 'filesystem'>,
  context: FactsContext,
): Promise<Pick<ByFilesFacts, 'recipe' | 'loaders' | 'xfsVersion'>> {
  if (filesystem === null || !isMade(filesystem.type)) return { recipe: null, loaders: [], xfsVersion: null }
  const isXfs = filesystem.type === 'xfs'
  return {
    recipe: await readRecipe(disk, filesystem, context.signal),
    loaders: await findBlockLoaders(disk, { ...filesystem, hasBootSector: !isXfs }),
    xfsVersion: isXfs ? await xfsVersion(context) : null,
  }
}

interface Looking {
  readonly target: ResizeTarget
  readonly volume: { readonly group: string; readonly name: string }
  readonly signal: AbortSignal
}

/** The logical volume as a disk of its own, with what is in it; a text: why its extents are not moved. */
async function lookIntoVolume(
  disk: DiskReader,
  { target, volume, signal }: Looking,
): Promise<{ readonly logical: LogicalFacts; readonly volume: DiskReader } | string> {
  const place = target.volume ?? { start: 0, length: 0 }
  const found = await readLinearVolume(disk, place, volume, { signal })
  if (typeof found === 'string') return found
  const mapped = mappedDisk(disk, found.pieces)
  const filesystem = filesystemAtStart(await readGuestContents(mapped, { signal }))
  return { logical: { filesystem, group: countExtents(found.group, found.volume) }, volume: mapped }
}
