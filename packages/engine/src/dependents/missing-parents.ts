import { dirname } from 'node:path'
import { walkChain } from '@varve/core/chain/walk-chain'
import { isDiskError } from '@varve/core/problems/disk-error'
import type { ImagePorts } from '@varve/core/image/image-files'
import { nodePorts } from '../ports/ports.ts'
import { mayHaveParent, type FindDependentsOptions } from './find-dependents.ts'
import { walkImages } from './walk-images.ts'

/** The images around a name that nothing has now, which cannot be read because they are made over it. */
export async function missingBy(
  image: string,
  { roots, folders = [], signal, mostFiles = 50_000, mostMs = 60_000 }: FindDependentsOptions,
): Promise<readonly string[]> {
  const ports = nodePorts({ roots, io: 'sync', packed: 'name' })
  const until = performance.now() + mostMs
  const found: string[] = []
  let looked = 0
  const gaps = { unread: [] as string[] }
  for await (const path of walkImages([...new Set([dirname(image), ...(roots ?? []), ...folders])], gaps)) {
    signal?.throwIfAborted()
    looked += 1
    if (looked > mostFiles || performance.now() > until) break
    if (await misses(path, image, ports)) found.push(path)
  }
  return found
}

async function misses(path: string, image: string, ports: ImagePorts): Promise<boolean> {
  try {
    if (!(await mayHaveParent(path, ports))) return false
    await using walked = await walkChain(path, ports)
    if (!walked.failures.some((failure) => isDiskError(failure, 'parent-missing'))) return false
    const last = walked.links.at(-1)
    return (last?.facts.parent?.names ?? []).some((name) => {
      try {
        return ports.files.resolve(last?.file.path ?? path, name) === image
      } catch {
        return false
      }
    })
  } catch (error) {
    if (isDiskError(error)) return false
    throw error
  }
}
