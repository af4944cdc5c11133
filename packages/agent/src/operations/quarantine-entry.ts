import { join } from 'node:path'
import { libraryRoots } from '@varve/engine/files/library-roots'
import { findEntry } from '@varve/engine/quarantine/index-of-entries'
import { inodeOf } from '@varve/engine/quarantine/names'
import { missingBy } from '@varve/engine/dependents/missing-parents'
import type { EntryFacts } from '@varve/operations/restore/facts'
import type { RestoreRequest } from '@varve/operations/restore/request'
import type { FactsContext } from './local-operation.ts'

/** What the entry holds and whether it can come back; throws `not-found`. */
export async function gatherEntry(
  { id, folders }: RestoreRequest,
  { ports, host, signal }: FactsContext,
): Promise<EntryFacts> {
  const library = libraryRoots(ports.roots)
  const { folder, manifest } = await findEntry(ports.stateFolder, id, [...folders, ...(ports.roots ?? [])])
  library.assertInside(folder, folder)
  const image = join(folder, manifest.image)
  return {
    host,
    id: manifest.id,
    why: manifest.why,
    image,
    bytes: manifest.files.reduce((sum, { size }) => sum + size, 0),
    until: manifest.until,
    now: new Date().toISOString(),
    taken: manifest.files.flatMap((file) => {
      const path = join(folder, file.path)
      const there = inodeOf(path)
      return there === null || there === file.inode ? [] : [path]
    }),
    dependents: await missingBy(image, { roots: ports.roots, signal }),
  }
}
