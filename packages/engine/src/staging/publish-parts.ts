import { DiskError } from '@varve/core/problems/disk-error'
import { readdir, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { syncPath } from '../files/sync-file.ts'
import { publishFiles } from '../files/publish-file.ts'
import { fileIdentity } from './file-identity.ts'
import { journalName, readJournal, writeJournal, type Journal } from './publishing-journal.ts'

interface PartsOf {
  /** The hidden folder in which they lie. */
  readonly folder: string
  /** Path that the image is to get. */
  readonly target: string
}

/** Gives an image of several files its names, the image itself last; goes on where a death stopped it. When a name is taken, none stays. */
export async function publishParts(
  { folder, target }: PartsOf,
  durability: 'synced' | 'cached',
): Promise<void> {
  const journal = (await readJournal(folder)) ?? (await plannedNames(folder, target))
  const place = dirname(target)
  const files: { partPath: string; finalPath: string }[] = []
  for (const { name, inode } of journal.names) {
    const names = { partPath: join(folder, name), finalPath: join(place, name) }
    const [part, given] = [await fileIdentity(names.partPath), await fileIdentity(names.finalPath)]
    if (part === null && given === inode) continue
    if (part === null) throw new DiskError('part-missing', { file: names.finalPath })
    // A link was made and the old name not yet removed: it is made again.
    if (part === given) await rm(names.finalPath)
    files.push(names)
  }
  try {
    await publishFiles(files, { durability })
  } catch (error) {
    await takeBackNames(folder)
    throw error
  }
  if (durability === 'synced') await syncPath(place)
}

/** Removes names that a publication has given, unless the image got its own: then it is whole. */
export async function takeBackNames(folder: string): Promise<void> {
  for (const path of await namesGiven(folder)) await rm(path, { force: true })
}

/** The files that a publication which did not come to its end has given their names; none when the image is whole. */
export async function namesGiven(folder: string): Promise<readonly string[]> {
  const journal = await readJournal(folder)
  if (journal === null) return []
  const given: string[] = []
  for (const { name, inode } of journal.names) {
    const path = join(folder, '..', name)
    if ((await fileIdentity(path)) === inode) given.push(path)
  }
  return given.length === journal.names.length ? [] : given
}

async function plannedNames(folder: string, target: string): Promise<Journal> {
  const own = basename(target)
  const entries = await readdir(folder)
  const parts = entries.filter((name) => name !== own && !name.startsWith(journalName))
  return await writeJournal(folder, [...parts.toSorted(), own])
}
