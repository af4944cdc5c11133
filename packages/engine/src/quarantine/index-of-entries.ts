import { readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DiskError, isDiskError } from '@varve/core/problems/disk-error'
import { writeError } from '../system/system-error.ts'
import { folderOfImage, listEntries, quarantineName, readEntry, type QuarantineEntry } from './entry.ts'
import { makeFolder } from '../system/make-folder.ts'

/** Folder of the index, in the state folder: a file for each entry, named by its id, with the folder whose quarantine it is in. */
const indexName = 'quarantines'
const idPattern = /^[\w-]{1,64}$/u
/** Characters of a path, at most. */
const longest = 64 * 1024

/**
 * Remembers in which folder an entry is, so that its id is enough to find it; before the entry is made, so that a death loses
 * none. Without a state folder it is found where its folder is named.
 */
export async function noteEntry(stateFolder: string | undefined, path: string, id: string): Promise<void> {
  if (stateFolder === undefined) return
  const folder = join(stateFolder, indexName)
  await makeFolder(folder, 0o700)
  try {
    await writeFile(join(folder, id), await folderOfImage(path))
  } catch (error) {
    const failure = writeError(error, folder)
    throw isDiskError(failure, 'no-space')
      ? new DiskError('no-space', { ...failure.details, of: 'state' }, { cause: error })
      : failure
  }
}

export async function forgetEntry(stateFolder: string | undefined, id: string): Promise<void> {
  if (stateFolder !== undefined && idPattern.test(id))
    await rm(join(stateFolder, indexName, id), { force: true })
}

/** What is found of quarantines. */
export interface FoundEntries {
  /** The folders whose quarantines were looked into. */
  readonly searched: readonly string[]
  /** The newest first. */
  readonly entries: readonly QuarantineEntry[]
  /** Entries whose manifest cannot be read, and folders that cannot. */
  readonly faults: readonly DiskError[]
}

/** The entries in the quarantines of `folders` and below, and in those that the index knows. */
export async function findEntries(
  stateFolder: string | undefined,
  folders: readonly string[],
): Promise<FoundEntries> {
  const faults: DiskError[] = []
  const found = new Map<string, QuarantineEntry>()
  const known = await knownFolders(stateFolder)
  const below = await Promise.all(folders.map(quarantinesBelow))
  const searched = [...new Set([...folders, ...below.flat(), ...known.values()])]
  for (const folder of searched) {
    const isNamed = folders.includes(folder)
    const entries = await listEntries(folder, (_path, error) => faults.push(error)).catch(
      (error: unknown): QuarantineEntry[] => {
        // A folder that is gone with its quarantine is no fault of who asks for all.
        if (isNamed || !(error instanceof DiskError)) throw error
        return []
      },
    )
    for (const entry of entries) found.set(entry.path, entry)
  }
  const entries = [...found.values()].sort((a, b) => (a.manifest.since < b.manifest.since ? 1 : -1))
  return { entries, faults, searched }
}

/** The entry of that id, or the only one whose id begins so (four letters at least); throws `not-found`. */
export async function findEntry(
  stateFolder: string | undefined,
  id: string,
  folders: readonly string[],
): Promise<QuarantineEntry> {
  const exact = (await knownFolders(stateFolder)).get(id)
  const direct = exact === undefined ? null : await readEntry(exact, id)
  if (direct) return direct
  const { entries, searched } = await findEntries(stateFolder, folders)
  const isMeant = ({ manifest }: QuarantineEntry) =>
    manifest.id === id || (id.length >= 4 && manifest.id.startsWith(id))
  const [only, ...others] = entries.filter(isMeant)
  const same = entries.filter(({ manifest }) => manifest.id === id)
  if (same.length === 1 && same[0]) return same[0]
  if (only && others.length === 0) return only
  const candidates = only ? [only, ...others].map(({ manifest }) => manifest.id) : undefined
  throw new DiskError('not-found', { file: id, candidates, quarantines: searched })
}

/** Folders looked into below one, at most, and how deep. */
const mostFolders = 50_000
const deepest = 32

/** The folders below `folder` that have a quarantine; links are not followed, hidden folders not entered. */
async function quarantinesBelow(folder: string): Promise<string[]> {
  const found: string[] = []
  const waiting = [{ path: folder, depth: 0 }]
  let looked = 0
  for (let next = waiting.pop(); next && looked < mostFolders; next = waiting.pop()) {
    const { path, depth } = next
    looked += 1
    for (const entry of await readdir(path, { withFileTypes: true }).catch(() => [])) {
      if (!entry.isDirectory()) continue
      if (entry.name === quarantineName) found.push(path)
      else if (!entry.name.startsWith('.') && depth < deepest)
        waiting.push({ path: join(path, entry.name), depth: depth + 1 })
    }
  }
  return found
}

async function knownFolders(stateFolder: string | undefined): Promise<ReadonlyMap<string, string>> {
  if (stateFolder === undefined) return new Map()
  const folder = join(stateFolder, indexName)
  const known = new Map<string, string>()
  for (const id of await readdir(folder).catch((): string[] => [])) {
    if (!idPattern.test(id)) continue
    const path = await readFile(join(folder, id), 'utf8').catch(() => '')
    if (path !== '' && path.length <= longest) known.set(id, path)
  }
  return known
}
