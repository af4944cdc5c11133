import { sameFileAs } from '@varve/engine/files/same-file'
import { hostFileRanges } from '@varve/engine/file-ranges/host-file-ranges'
import type { InPlaceFacts } from '@varve/operations/reclaim/facts'
import { windowsNow } from './device-ways.ts'
import { distributionOfImage } from './distribution-of-image.ts'
import type { FactsContext } from './local-operation.ts'

/** What is known of an image that Windows is to compact in place. */
export async function gatherInPlace(image: string, context: FactsContext): Promise<InPlaceFacts> {
  const { ports } = context
  const windows = await windowsNow(context)
  const { attributes = [] } = hostFileRanges().filesystemOf(image)
  const none = { hasDiskpart: false, already: null, attributes, distribution: null }
  if (windows === null) return { ways: { system: process.platform, isRoot: false }, ...none }
  const { now, ...ways } = windows
  const isImage = await sameFileAs(image)
  const there = await Promise.all(
    now.disks.map(async (disk) => ((await isImage?.(disk.image)) === true ? disk : null)),
  )
  const distribution = await distributionOfImage(image, ports).catch(() => null)
  const isSparse = distribution?.isSparse === true && !attributes.includes('sparse')
  return {
    ways,
    hasDiskpart: (await ports.tools.find('diskpart')) !== null,
    already: there.find((disk) => disk !== null)?.disk.device ?? null,
    attributes: [...attributes, ...(isSparse ? (['sparse'] as const) : [])],
    distribution,
  }
}
