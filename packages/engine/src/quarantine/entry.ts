import { lstat, mkdir, readdir, realpath, rm, rmdir, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { DiskError } from '@varve/core/problems/disk-error'
import { syncPath } from '../files/sync-file.ts'
import { readError, systemCode, writeError } from '../system/system-error.ts'
import { manifestName, readManifest, type KeptFile, type QuarantineManifest } from './manifest.ts'
import type { Move } from './swap.ts'

/** The hidden folder beside images in which those lie that were deleted or replaced. */
export const quarantineName = '.varve-quarantine'
/** Names what lies in a quarantine. */
const idPattern = /^[\w-]{1,64}$/u
/** An entry that is being purged has its manifest under this name: nothing of it is restored any more. */
export const purgingName = 'purging.json'

/** An entry of a quarantine on the disk. */
export interface QuarantineEntry {
  /** Absolute path of the entry's own folder. */
  readonly path: string
  /** Absolute path of the folder that the quarantine is in. */
  readonly folder: string
  readonly manifest: QuarantineManifest
}

/** What an entry keeps, as it is told to whoever asks. */
export interface KeptImage {
  readonly id: string
  readonly why: QuarantineManifest['why']
  /** Absolute path that it had. */
  readonly image: string
  readonly since: string
  readonly until: string
  readonly format: QuarantineManifest['format']
  readonly virtualSize: QuarantineManifest['virtualSize']
  /** Of all its files. */
  readonly bytes: number
}

/** Tells what an entry keeps. */
export function keptImage({ folder, manifest }: QuarantineEntry): KeptImage {
  const { id, why, since, until, image, format, virtualSize, files } = manifest
  const bytes = files.reduce((sum, { size }) => sum + size, 0)
  return { id, why, image: join(folder, image), since, until, format, virtualSize, bytes }
}

/** The folder that an image lies in, links resolved. */
export async function folderOfImage(path: string): Promise<string> {
  return await realpath(dirname(resolve(path))).catch((error: unknown) => {
    throw readError(error, path)
  })
}

/** Absolute path of the entry `id` in the quarantine of `folder`; throws `invalid-request` for what is no id. */
export function entryPath(folder: string, id: string): string {
  if (idPattern.test(id)) return join(folder, quarantineName, id)
  throw new DiskError('invalid-request', { file: id, reason: 'it is not the id of a quarantine' })
}

/** The entry `id` in the quarantine of `folder`; null: there is none. Throws `corrupt` when its manifest is damaged. */
export async function readEntry(folder: string, id: string): Promise<QuarantineEntry | null> {
  const path = entryPath(folder, id)
  const manifest = await readManifest(path)
  if (manifest === null) return null
  if (manifest.id === id) return { path, folder, manifest }
  const reason = `it is of ${JSON.stringify(manifest.id)}`
  throw new DiskError('corrupt', {
    file: join(path, manifestName),
    structure: 'the manifest of a quarantine',
    reason,
  })
}

/** The entry as it is named in `folder`, by which it was not held. */
export function entryIn(folder: string, { manifest }: QuarantineEntry): QuarantineEntry {
  return { folder, path: entryPath(folder, manifest.id), manifest }
}

/** Makes the folder of an entry; throws `not-writable` when somebody put a link or a file in the place of the quarantine. */
export async function makeEntry(folder: string, id: string): Promise<string> {
  const path = entryPath(folder, id)
  try {
    await mkdir(dirname(path)).catch(ignore('EEXIST'))
    const [quarantine, parent] = await Promise.all([lstat(dirname(path)), stat(folder)])
    if (!quarantine.isDirectory() || quarantine.dev !== parent.dev)
      throw new DiskError('not-writable', {
        file: dirname(path),
        reason: 'it is not a folder of the same filesystem, as a quarantine has to be',
      })
    await mkdir(path).catch(ignore('EEXIST'))
    return path
  } catch (error) {
    throw writeError(error, path)
  }
}

/** Where the files of an entry are and where they were. */
export function keptMoves({ folder, path, manifest }: QuarantineEntry): Move[] {
  return manifest.files.map((file) => ({
    from: join(folder, file.path),
    to: keptPath(path, file),
    kind: file.kind,
    inode: file.inode,
  }))
}

/** Absolute path of a file in its entry. */
export function keptPath(entry: string, { path }: Pick<KeptFile, 'path'>): string {
  return join(entry, 'files', path)
}

/** Takes the entry itself away, whose files are gone; what still lies in it stays, with its manifest. */
export async function removeEntry({ path }: Pick<QuarantineEntry, 'path'>): Promise<void> {
  try {
    await removeFolders(join(path, 'files'))
    await rm(join(path, manifestName), { force: true })
    await rm(join(path, purgingName), { force: true })
    await removeEmptyEntry(path)
  } catch (error) {
    throw writeError(error, path)
  }
}

/** Takes away an entry's folder that holds no manifest, and the quarantine when it was the last. */
export async function removeEmptyEntry(path: string): Promise<void> {
  for (const name of await readdir(path).catch((): string[] => []))
    if (name.startsWith(`.${manifestName}.`)) await rm(join(path, name), { force: true })
  await rmdir(path).catch(ignore('ENOENT', 'ENOTDIR', 'ENOTEMPTY', 'EEXIST'))
  await rmdir(dirname(path)).catch(ignore('ENOENT', 'ENOTEMPTY', 'EEXIST', 'ENOTDIR'))
  await syncPath(dirname(dirname(path)))
}

/** Removes folders that hold nothing but folders. */
async function removeFolders(path: string): Promise<void> {
  const entries = await readdir(path, { withFileTypes: true }).catch(ignore('ENOENT'))
  for (const entry of entries ?? []) if (entry.isDirectory()) await removeFolders(join(path, entry.name))
  await rmdir(path).catch(ignore('ENOENT'))
}

function ignore(...codes: string[]): (error: unknown) => void {
  return (error) => {
    if (!codes.includes(systemCode(error) ?? '')) throw error
  }
}

/** Every entry of the quarantine of `folder`, the newest first; one whose manifest cannot be read is told by its fault. */
export async function listEntries(
  folder: string,
  onFault: (path: string, error: DiskError) => void,
): Promise<QuarantineEntry[]> {
  const own = await realpath(folder).catch((error: unknown) => {
    throw readError(error, folder)
  })
  const names = await readdir(join(own, quarantineName)).catch((): string[] => [])
  const entries: QuarantineEntry[] = []
  for (const name of names) {
    if (!idPattern.test(name)) continue
    try {
      const entry = await readEntry(own, name)
      if (entry) entries.push(entry)
    } catch (error) {
      if (!(error instanceof DiskError)) throw error
      onFault(join(own, quarantineName, name), error)
    }
  }
  return entries.sort((a, b) => (a.manifest.since < b.manifest.since ? 1 : -1))
}

/** True for what lies in a quarantine. */
export function isQuarantine(path: string): boolean {
  return basename(path) === quarantineName
}
