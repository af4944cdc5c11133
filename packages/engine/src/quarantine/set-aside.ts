import { folderOfImage, keptMoves, makeEntry, readEntry, type QuarantineEntry } from './entry.ts'
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
  const entry =
    (await knownEntry(path, id)) ?? (await openEntry(await ownFiles(path, roots), { id, why, digest }))
  await moveAll(keptMoves(entry), names)
  return entry
}

/** The entry of an earlier call; throws `refused` when the id is another image's. */
export async function knownEntry(path: string, id: string): Promise<QuarantineEntry | null> {
  return await readEntry(await folderOfImage(path), id)
}

export interface NewEntry {
  readonly id: string
  readonly why: QuarantineReason
  readonly digest?: string | null
  readonly incoming?: readonly IncomingFile[]
}

/** Writes the manifest of a new entry; nothing is moved yet. */
export async function openEntry(own: OwnFiles, options: NewEntry): Promise<QuarantineEntry> {
  const { id, why, digest = null, incoming = [] } = options
  const { folder, image, format, virtualSize, files } = own
  const path = await makeEntry(folder, id)
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
  return { path, folder, manifest }
}
