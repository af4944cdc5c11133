import { dirname, resolve } from 'node:path'
import { DiskError } from '@varve/core/problems/disk-error'
import { libraryRoots } from '../files/library-roots.ts'
import { inFolder } from '../files/held-folder.ts'
import {
  entryIn,
  entryPath,
  folderOfImage,
  keptMoves,
  makeEntry,
  readEntry,
  type QuarantineEntry,
} from './entry.ts'
import {
  manifestKind,
  writeManifest,
  type IncomingFile,
  type QuarantineManifest,
  type QuarantineReason,
} from './manifest.ts'
import { hostNames, type NameCalls } from './names.ts'
import { ownFiles, type OwnFiles } from './own-files.ts'
import { moveAll } from './swap.ts'

/** Days that an entry is kept. */
const keptDays = 30
const day = 24 * 3600 * 1000

export interface SetAsideOptions {
  readonly id: string
  readonly why: QuarantineReason
  readonly roots: readonly string[] | null
  /** Digest of its disk (L3), where it is known. */
  readonly digest?: string | null
  readonly names?: NameCalls
}

/**
 * Moves an image with all its files into the quarantine of its folder. It may be called again after any death: what is in the
 * manifest is moved to its end. Throws `not-found`, `refused`, `source-changed`…
 */
export async function setAside(path: string, options: SetAsideOptions): Promise<QuarantineEntry> {
  const { id, why, roots, digest = null, names = hostNames } = options
  const own = (await knownInside(path, { id, roots })) === null ? await ownFiles(path, roots) : null
  return await inFolder(own?.folder ?? dirname(resolve(path)), roots, async (held) => {
    const entry =
      own === null
        ? await expectEntry(held.path, id)
        : await openEntry(own, { id, why, digest, held: held.path })
    await moveAll(keptMoves(entry), names)
    return entryIn(held.real, entry)
  })
}

/** The entry `id` of a folder that had it a moment ago. */
export async function expectEntry(folder: string, id: string): Promise<QuarantineEntry> {
  const entry = await readEntry(folder, id)
  if (entry) return entry
  throw new DiskError('source-changed', { file: entryPath(folder, id), change: 'it was removed' })
}

/** The entry of an earlier call; throws `refused` when the id is another image's. */
export async function knownEntry(path: string, id: string): Promise<QuarantineEntry | null> {
  return await readEntry(await folderOfImage(path), id)
}

/** As `knownEntry`; whether there is anything outside of the roots is not told. */
export async function knownInside(
  path: string,
  { id, roots }: Pick<SetAsideOptions, 'id' | 'roots'>,
): Promise<QuarantineEntry | null> {
  try {
    return await knownEntry(path, id)
  } catch (error) {
    libraryRoots(roots).assertNamedInside(path)
    throw error
  }
}

export interface NewEntry {
  readonly id: string
  readonly why: QuarantineReason
  readonly digest?: string | null
  readonly incoming?: readonly IncomingFile[]
  /** By which the folder is held. */
  readonly held: string
}

/** Writes the manifest of a new entry; nothing is moved yet. */
export async function openEntry(own: OwnFiles, options: NewEntry): Promise<QuarantineEntry> {
  const { id, why, digest = null, incoming = [], held } = options
  const { folder, image, format, virtualSize, files } = own
  const path = await makeEntry(held, id)
  const since = new Date()
  const manifest: QuarantineManifest = {
    kind: manifestKind,
    id,
    why,
    since: since.toISOString(),
    until: new Date(since.getTime() + keptDays * day).toISOString(),
    folder,
    image,
    format,
    virtualSize,
    digest,
    files,
    incoming,
  }
  await writeManifest(path, manifest)
  return { path, folder: held, manifest }
}
