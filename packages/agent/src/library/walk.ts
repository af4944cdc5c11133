import { readdir, realpath, stat } from 'node:fs/promises'
import { basename, join, sep } from 'node:path'
import { DiskError } from '@varve/core/problems/disk-error'
import { stagedPrefix } from '@varve/core/image/volume-address'
import { systemCode } from '@varve/engine/system/system-error'
import { bundleFormat, isBandName } from '@varve/engine/files/bundle-folders'
import { decodeName, escapeName, isSkippedName } from '@varve/engine/files/file-names'
import { inFolder } from '@varve/engine/files/held-folder'
import { isOfDevices } from '@varve/engine/files/library-roots'
import { deviceState } from '@varve/engine/in-use/device-state'
import type { Library } from './library.ts'
import { isBelow } from './library-path.ts'
import { isPartFileName } from './part-file.ts'

/** What a walk meets, in no particular order. `name` is relative to the library, with `/`. */
export type Found =
  | { readonly kind: 'folder'; readonly path: string }
  /** A bundle: a folder that is one image. */
  | {
      readonly kind: 'bundle'
      readonly name: string
      readonly path: string
      readonly format: 'parallels' | 'sparsebundle'
    }
  | { readonly kind: 'file'; readonly name: string; readonly path: string; readonly link: boolean }
  /** A volume: a link to a block device, in a library that is a folder of devices. */
  | { readonly kind: 'device'; readonly name: string; readonly path: string }
  /** A symlink that is not followed. `target` is null when it leads nowhere or in a circle. */
  | {
      readonly kind: 'stray-link'
      readonly name: string
      readonly path: string
      readonly target: string | null
    }
  /** Never opened: no message could name it. */
  | {
      readonly kind: 'unnameable'
      readonly name: string
      readonly parent: string
      readonly bytes: Uint8Array
    }
  | { readonly kind: 'unreadable-folder'; readonly path: string; readonly reason: string }
  /** What a pull left: reported, never removed unasked. */
  | { readonly kind: 'part-file'; readonly name: string; readonly path: string }

/** Folders deeper than this are not entered. */
const depthLimit = 64

/**
 * Everything in a library that may be an image, folder by folder: one folder is open at a time, and memory grows with
 * the folders that wait, not with the files. Symlinks to files inside the library are followed; symlinks to folders are
 * not, because a folder inside is met by its own name and a circle cannot arise. `mounts` are folders that are not entered:
 * what is in them are the files of a guest.
 */
export async function* walkLibrary(
  library: Library,
  signal: AbortSignal,
  mounts: ReadonlySet<string> = new Set(),
): AsyncGenerator<Found> {
  const waiting: { path: string; prefix: string; depth: number }[] = [
    { path: library.root, prefix: '', depth: 0 },
  ]
  for (let folder = waiting.pop(); folder; folder = waiting.pop()) {
    signal.throwIfAborted()
    const { path: parent, prefix, depth } = folder
    yield { kind: 'folder', path: parent }
    const entries = await entriesOf(parent, library)
    if (typeof entries === 'string') {
      // The kernel makes the folder of a group with its first volume.
      if (entries === 'ENOENT' && parent === library.root && isOfDevices(parent)) continue
      yield { kind: 'unreadable-folder', path: parent, reason: entries }
      const format = prefix === '' ? null : bundleFormat(parent, [])
      if (format !== null) yield { kind: 'bundle', name: prefix.slice(0, -1), path: parent, format }
      continue
    }
    const names = entries.flatMap((entry) => decodeName(entry.name) ?? [])
    const format = prefix === '' ? null : bundleFormat(parent, names)
    if (format !== null) {
      yield { kind: 'bundle', name: prefix.slice(0, -1), path: parent, format }
      continue
    }
    for (const entry of entries) {
      const decoded = decodeName(entry.name)
      if (decoded === null) {
        if (entry.isFile()) {
          const name = prefix + escapeName(entry.name)
          yield { kind: 'unnameable', name, parent, bytes: entry.name }
        }
        continue
      }
      const path = join(parent, decoded)
      const name = prefix + decoded
      if (isSkippedName(decoded)) {
        if ((entry.isFile() || entry.isDirectory()) && isPartFileName(decoded))
          yield { kind: 'part-file', name, path }
      } else if (entry.isFile()) {
        if (isBandName(parent, decoded)) continue
        yield { kind: 'file', name, path, link: false }
      } else if (entry.isDirectory()) {
        if (depth < depthLimit && !mounts.has(path))
          waiting.push({ path, prefix: `${name}/`, depth: depth + 1 })
      } else if (entry.isSymbolicLink()) {
        const found = await followLink(library, name, path)
        if (found) yield found
      }
    }
  }
}

/** What lies in a folder that is still one of the library's; else why not, as a code of the system. */
async function entriesOf(folder: string, { root }: Library) {
  return await inFolder(folder, [root], async ({ path }) =>
    readdir(path, { withFileTypes: true, encoding: 'buffer' }),
  ).catch((error: unknown) => systemCode(error instanceof DiskError ? error.cause : error) ?? 'ELOOP')
}

/** A link to a plain file, or in a folder of devices to a volume, inside the library counts as a file; null for what is no file at all. */
async function followLink(library: Library, name: string, path: string): Promise<Found | null> {
  const target = await realpath(path).catch(() => null)
  if (target === null) return { kind: 'stray-link', name, path, target }
  if (isOfDevices(library.root)) return await volumeAt({ name, path, target })
  const isFile = await stat(target).then(
    (facts) => facts.isFile(),
    () => false,
  )
  if (!isBelow(library.root, target)) return { kind: 'stray-link', name, path, target }
  return isFile && !hasHiddenPart(library, target) ? { kind: 'file', name, path, link: true } : null
}

/** Null for a partition of a volume, which is seen in that, for a volume that a run is making, and for what is no device. */
async function volumeAt({ name, path, target }: Linked): Promise<Found | null> {
  const stats = await stat(target, { bigint: true }).catch(() => null)
  if (!stats?.isBlockDevice() || basename(name).startsWith(stagedPrefix)) return null
  return deviceState(stats.rdev)?.isPartition === true ? null : { kind: 'device', name, path }
}

interface Linked {
  readonly name: string
  readonly path: string
  /** Where the link leads. */
  readonly target: string
}

function hasHiddenPart(library: Library, path: string): boolean {
  return path
    .slice(library.root.length)
    .split(sep)
    .some((part) => part !== '' && isSkippedName(part))
}
