import { randomUUID } from 'node:crypto'
import { dirname, isAbsolute, relative, sep } from 'node:path'
import { walkChain } from '@varve/core/chain/walk-chain'
import type { FormatName } from '@varve/core/image/format-rules'
import { nodePorts } from '../ports/ports.ts'

export interface NamedAnew {
  /** The image that is to name its parent anew. */
  readonly image: string
  /** Where it lies then. */
  readonly imagePath: string
  /** The parent, as it is now. */
  readonly parent: string
  /** When somebody said it; null: the parent's own bytes tell. */
  readonly parentFormat: FormatName | null
  /** Where the parent lies then. */
  readonly parentPath: string
  readonly roots: readonly string[] | null
}

/** Throws what naming the parent would throw when both lie where they are to lie: `refused` for a name that the format cannot hold. */
export async function assertNameable(named: NamedAnew): Promise<void> {
  const { image, imagePath, parent, parentFormat, parentPath, roots } = named
  const ports = nodePorts({ roots, io: 'sync', packed: 'name' })
  await using child = await walkChain(image, ports)
  await using above = await walkChain(parent, ports, { format: parentFormat })
  const [link] = child.links
  const [below] = above.links
  const path = relative(dirname(imagePath), parentPath)
  await link.driver.repoint?.(
    link.file,
    {
      path: parentPath,
      relative: isAbsolute(path) ? null : path.split(sep).join('/'),
      facts: below.facts,
      modifiedMs: below.file.fingerprint.modifiedMs,
      freshId: randomUUID(),
    },
    ports,
  )
}
