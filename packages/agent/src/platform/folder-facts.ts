import { access, constants, stat } from 'node:fs/promises'
import { DiskError } from '@varve/core/problems/disk-error'
import { nodeFiles } from '@varve/engine/files/node-files'
import { readError } from '@varve/engine/system/system-error'
import type { LibraryFacts } from '@varve/protocol/hosts'

/** What the host says about a library's folder, as far as the engine's port for this system knows. */
export async function folderFacts(path: string): Promise<Omit<LibraryFacts, 'name' | 'path'>> {
  const stats = await stat(path).catch((error: unknown) => {
    throw readError(error, path)
  })
  if (!stats.isDirectory()) throw new DiskError('not-readable', { file: path, reason: 'it is not a folder' })
  const place = await nodeFiles({ roots: null }).place(path)
  const writable = await access(path, constants.W_OK | constants.X_OK).then(
    () => true,
    () => false,
  )
  return { writable, place: { ...place } }
}
