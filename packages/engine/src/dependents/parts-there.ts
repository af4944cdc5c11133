import { realpath } from 'node:fs/promises'
import type { WalkedLink } from '@varve/core/chain/walk-chain'
import type { ImagePorts } from '@varve/core/image/image-files'
import { referenceOpener } from '@varve/core/image/open-reference'

/** The absolute paths of the parts that an image names, without itself and with links resolved, as far as they are there and can be opened. */
export async function partsThere(
  { facts, file }: Pick<WalkedLink, 'facts' | 'file'>,
  { files }: Pick<ImagePorts, 'files'>,
): Promise<readonly string[]> {
  const open = referenceOpener({ from: file.path, files })
  const parts: string[] = []
  for (const name of facts.parts) {
    const part = await open([name]).catch(() => null)
    if (part === null) continue
    await using opened = part.file
    parts.push(await realpath(opened.path))
  }
  return parts.filter((part) => part !== file.path)
}
