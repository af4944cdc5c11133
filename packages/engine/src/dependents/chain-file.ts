import type { ImageFile, ImagePorts } from '@varve/core/image/image-files'
import { toChainLink, type WalkedLink } from '@varve/core/chain/walk-chain'
import type { ChainLink } from '@varve/core/image/image-report'
import { isDiskError } from '@varve/core/problems/disk-error'

/** One file of a chain, with all its parts counted. */
export interface ChainFile extends ChainLink {
  /** Names of its parts as its descriptor has them; none for most. */
  readonly parts: readonly string[]
}

/** What is known of a link; the sizes of its parts are counted where they can be opened. */
export async function linkOf(link: WalkedLink, ports: ImagePorts): Promise<ChainFile> {
  return { ...toChainLink(link, await partsOf(link, ports)), parts: link.facts.parts }
}

async function partsOf(link: WalkedLink, ports: ImagePorts): Promise<readonly ImageFile[]> {
  if (link.facts.parts.length === 0 || link.isSealed) return []
  try {
    await using layer = await link.driver.openLayer(link.file, ports, link.choices)
    // Sizes stay known when the files are closed.
    return layer.parts.filter((part) => part.fingerprint.inode !== link.file.fingerprint.inode)
  } catch (error) {
    if (isDiskError(error)) return []
    throw error
  }
}
