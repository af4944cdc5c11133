import { lstat } from 'node:fs/promises'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { DiskError } from '@varve/core/problems/disk-error'
import { inFolder } from '../files/held-folder.ts'
import { readError } from '../system/system-error.ts'
import {
  entryIn,
  entryPath,
  keptMoves,
  keptPath,
  makeEntry,
  readEntry,
  removeEntry,
  removeEmptyEntry,
} from './entry.ts'
import type { QuarantineEntry } from './entry.ts'
import { writeManifest, type IncomingFile, type KeptFile, type QuarantineManifest } from './manifest.ts'
import { hostNames, inodeOf, type NameCalls } from './names.ts'
import { ownFiles, type OwnFiles } from './own-files.ts'
import { expectEntry, knownInside, openEntry } from './set-aside.ts'
import { incomingMoves, swapIn } from './swap.ts'

export interface ReplaceOptions {
  /** Names the entry that keeps the original. */
  readonly id: string
  readonly roots: readonly string[] | null
  readonly digest?: string | null
  readonly names?: NameCalls
  /** The new files, the image itself last: where they lie, and their names at last; asked when it begins, not when it goes on. */
  readonly incoming: () => Promise<readonly { readonly from: string; readonly to: string }[]>
}

/**
 * Gives new files the place of an image, whose own files are kept in the quarantine of its folder; each name goes over in one step
 * where the host can do that. May be called again after any death.
 */
export async function replaceFiles(path: string, options: ReplaceOptions): Promise<QuarantineEntry> {
  const { id, roots, digest = null, names = hostNames } = options
  const own = (await knownInside(path, { id, roots })) === null ? await ownFiles(path, roots) : null
  return await inFolder(own?.folder ?? dirname(resolve(path)), roots, async (held) => {
    const entry = own === null ? await expectEntry(held.path, id) : await begin(own, held.path)
    await carryOutSwap(entry, names)
    return entryIn(held.real, entry)
  })

  async function begin(own: OwnFiles, held: string): Promise<QuarantineEntry> {
    const incoming: IncomingFile[] = []
    for (const { from, to } of await options.incoming()) {
      const stats = await lstat(from, { bigint: true }).catch((error: unknown) => {
        throw readError(error, from)
      })
      const kind = stats.isDirectory() ? 'folder' : 'file'
      const inode = String(stats.ino)
      incoming.push({ from: below(own.folder, from), path: below(own.folder, to), kind, inode })
    }
    return await openEntry(own, { id, why: 'replaced', digest, incoming, held })
  }
}

async function carryOutSwap(entry: QuarantineEntry, names: NameCalls): Promise<void> {
  const { folder, manifest } = entry
  await swapIn({ originals: keptMoves(entry), incoming: incomingMoves(folder, manifest.incoming) }, names)
}

function below(folder: string, path: string): string {
  const inside = relative(folder, path)
  if (inside !== '' && inside !== '..' && !inside.startsWith(`..${sep}`)) return inside.split(sep).join('/')
  throw new DiskError('refused', {
    file: path,
    reason: `it does not lie in ${folder}, as what takes the place of an image has to`,
    remedy: 'Write it into that folder.',
  })
}

/** Gives an original its name again; what had taken its place is kept in turn, and its entry given. Nothing of that id: it succeeds. */
export async function putBack(
  folder: string,
  id: string,
  names: NameCalls = hostNames,
): Promise<QuarantineEntry | null> {
  const entry = await readEntry(folder, id)
  if (entry === null) {
    await removeEmptyEntry(entryPath(folder, id))
    return await readEntry(folder, idOfNew(id))
  }
  const turned = await turnedEntry(entry)
  await carryOutSwap(turned, names)
  dropSecondNames(entry, names)
  // What had never taken its place leaves nothing to keep.
  const isKept = turned.manifest.files.length > 0
  if (!isKept) await removeEntry(turned)
  await removeEntry(entry)
  return isKept ? turned : null
}

/** A death right after an exchange leaves an original the hidden name of what took its place, besides its own. */
function dropSecondNames({ folder, manifest }: QuarantineEntry, names: NameCalls): void {
  for (const { from, path } of manifest.incoming) {
    const hidden = inodeOf(join(folder, from))
    const original = manifest.files.find((file) => file.path === path && file.inode === hidden)
    if (original && inodeOf(join(folder, path)) === hidden) names.unlink(join(folder, from))
  }
}

const longestId = 64
const ending = '-new'

/** Names the entry that keeps what had taken the place of an original that was put back. */
export function idOfNew(id: string): string {
  return `${id.slice(0, longestId - ending.length)}${ending}`
}

async function turnedEntry({ folder, path, manifest }: QuarantineEntry): Promise<QuarantineEntry> {
  const id = idOfNew(manifest.id)
  const known = await readEntry(folder, id)
  if (known) return known
  const files = await Promise.all(
    manifest.incoming
      .filter((file) => inodeOf(join(folder, file.path)) === file.inode)
      .map(async (file): Promise<KeptFile> => {
        const { size } = await lstat(join(folder, file.path))
        return { path: file.path, kind: file.kind, size, inode: file.inode }
      }),
  )
  const incoming = manifest.files.map((file): IncomingFile => {
    const from = whereIs(file, { folder, path, manifest })
    return { from: below(folder, from), path: file.path, kind: file.kind, inode: file.inode }
  })
  const turned: QuarantineManifest = {
    ...manifest,
    id,
    why: 'undone',
    since: new Date().toISOString(),
    digest: null,
    files,
    incoming,
  }
  const made = await makeEntry(folder, id)
  await writeManifest(made, turned)
  return { path: made, folder, manifest: turned }
}

/** Where an original is, also when a death came between two names. */
function whereIs(file: KeptFile, { folder, path, manifest }: QuarantineEntry): string {
  const kept = keptPath(path, file)
  const exchanged = manifest.incoming.find((one) => one.path === file.path)
  const places = [kept, ...(exchanged ? [join(folder, exchanged.from)] : [])]
  return places.find((place) => inodeOf(place) === file.inode) ?? kept
}
