import { openChain } from '@varve/core/chain/open-chain'
import { type ChainOptions, walkChain } from '@varve/core/chain/walk-chain'
import { nodePorts } from '../ports/ports.ts'

export interface FilesOfImageOptions extends ChainOptions {
  readonly roots: readonly string[] | null
}

/** The paths of the files that the image `path` is read from, as far as they are found: a damaged image has some too. */
export async function filesOfImage(
  path: string,
  { roots, ...options }: FilesOfImageOptions,
): Promise<readonly { readonly path: string }[]> {
  const ports = nodePorts({ roots, io: 'sync' })
  try {
    await using chain = await openChain(path, ports, options)
    return chain.files.map(({ path: file }) => ({ path: file }))
  } catch {
    options.signal?.throwIfAborted()
    return await filesOfLinks(path, { roots, ...options })
  }
}

async function filesOfLinks(
  path: string,
  { roots, ...options }: FilesOfImageOptions,
): Promise<readonly { readonly path: string }[]> {
  try {
    await using walked = await walkChain(path, nodePorts({ roots, io: 'sync' }), options)
    return walked.links.map(({ file }) => ({ path: file.path }))
  } catch {
    options.signal?.throwIfAborted()
    // That it cannot be opened is said by who opens it next.
    return [{ path }]
  }
}
