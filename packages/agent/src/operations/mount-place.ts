import { lstat, readdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { ImageReport } from '@varve/core/image/image-report'
import { DiskError } from '@varve/core/problems/disk-error'
import { problemFromError, type Problem } from '@varve/core/problems/problem'
import { libraryRoots } from '@varve/engine/files/library-roots'
import type { MountFacts } from '@varve/operations/mount/facts'
import { placesOf } from './guest-places.ts'
import type { FactsContext } from './local-operation.ts'

/** Agents mount below their libraries only, and over none of them. */
export function outsideProblems(folder: string, { ports: { roots } }: FactsContext): Problem[] {
  if (roots === null) return []
  const libraries = libraryRoots(roots)
  if (libraries.holds(folder) && !roots.includes(folder)) return []
  return [problemFromError(new DiskError('outside-library', { file: folder, library: roots.join(', ') }))]
}

/** What a folder is, where nothing is mounted at it. */
export async function stateOfFolder(folder: string): Promise<Exclude<MountFacts['folderIs'], 'mount-point'>> {
  const stats = await lstat(folder).catch(() => null)
  if (stats === null) {
    const parent = await lstat(dirname(folder)).catch(() => null)
    return parent?.isDirectory() === true ? 'missing' : 'nowhere'
  }
  if (!stats.isDirectory()) return 'no-folder'
  return (await readdir(folder)).length === 0 ? 'empty' : 'used'
}

/** What lies in which partition, as its own number has it. */
export function contentsOf(report: ImageReport | null): Pick<MountFacts, 'filesystems' | 'others'> {
  const guest = report?.guest
  if (!guest) return { filesystems: [], others: [] }
  const { isPlace, partitionAt } = placesOf(guest)
  return {
    filesystems: guest.filesystems.filter(isPlace).map(({ start, type, label, uuid, state }) => ({
      partition: partitionAt(start),
      start,
      type,
      label,
      uuid,
      state,
    })),
    others: guest.volumes.filter(isPlace).map(({ start, type }) => ({ partition: partitionAt(start), type })),
  }
}
