import { isMachineFolder } from '@varve/core/image/is-machine-folder'
import type { Stats } from 'node:fs'
import { lstat, readdir, realpath, stat } from 'node:fs/promises'
import { basename, dirname, join, relative, resolve, sep } from 'node:path'
import { DiskError, isDiskError } from '@varve/core/problems/disk-error'
import { namedAsRaw } from '@varve/core/image/detect-format'
import type { FormatName } from '@varve/core/image/format-rules'
import { walkChain } from '@varve/core/chain/walk-chain'
import { partsThere } from '../dependents/parts-there.ts'
import { isBundleDescriptor } from '../files/bundle-folders.ts'
import { libraryRoots } from '../files/library-roots.ts'
import { readError, systemCode } from '../system/system-error.ts'
import { nodePorts } from '../ports/ports.ts'
import type { KeptFile } from './manifest.ts'

/** All that belongs to one image and to no other, in the folder that it lies in. */
export interface OwnFiles {
  /** Resolved, absolute. */
  readonly folder: string
  /** The image itself, relative to the folder. */
  readonly image: string
  readonly format: FormatName | null
  readonly virtualSize: number | null
  /** The image itself comes last. */
  readonly files: readonly KeptFile[]
  /** Absolute paths of parts that lie elsewhere: devices, and files of other folders. They stay where they are. */
  readonly elsewhere: readonly string[]
}

/** That a link is no image itself; the device that a volume's link leads to is none either. */
async function linkRefused(file: string, link: string): Promise<DiskError> {
  const isVolume = await stat(link).then(
    (facts) => facts.isBlockDevice(),
    () => false,
  )
  if (isVolume)
    return new DiskError('refused', {
      file,
      reason: 'it is a volume, and no file that could be set aside',
      remedy: 'On its host, name it as lvm:VG/LV or zfs:POOL/VOLUME.',
    })
  return new DiskError('refused', {
    file,
    reason: 'it is a link to an image',
    remedy: `Name the image itself: ${await realpath(link).catch(() => 'it leads nowhere')}.`,
  })
}

/**
 * The files of an image: itself, a bundle as its folder, and the parts that it names in its folder or below. Throws `not-found`,
 * `refused` for a link, `not-an-image` for a folder that is no bundle, and `outside-library`.
 */
export async function ownFiles(path: string, roots: readonly string[] | null): Promise<OwnFiles> {
  const given = resolve(path)
  const stats = await statOf(given).catch((error: unknown) => {
    libraryRoots(roots).assertNamedInside(path)
    throw error
  })
  const folder = await realpath(dirname(given)).catch((error: unknown) => {
    throw readError(error, path)
  })
  const image = join(folder, basename(given))
  libraryRoots(roots).assertInside(image, path)
  if (stats.isSymbolicLink()) throw await linkRefused(path, given)
  const known = await partsOf(image, stats, roots)
  if (known.bundle !== null) return await ownFiles(known.bundle, roots)
  const files: KeptFile[] = []
  const elsewhere: string[] = []
  for (const part of new Set(known.parts)) {
    const kept = await keptFile(part, folder)
    if (kept === null) elsewhere.push(part)
    else files.push(kept)
  }
  const own = await keptFile(image, folder)
  if (own === null) throw new DiskError('not-an-image', { file: path, reason: 'it is no file' })
  const { format, virtualSize } = known
  return { folder, image: own.path, format, virtualSize, files: [...files, own], elsewhere }
}

async function statOf(path: string): Promise<Stats> {
  return await lstat(path).catch((error: unknown) => {
    throw readError(error, path)
  })
}

interface Known {
  readonly format: FormatName | null
  readonly virtualSize: number | null
  readonly parts: readonly string[]
  /** The folder that is the image, when what was named is its description. */
  readonly bundle: string | null
}

async function partsOf(image: string, stats: Stats, roots: readonly string[] | null): Promise<Known> {
  const ports = nodePorts({ roots, io: 'sync', packed: 'name' })
  const nothing = { format: null, virtualSize: null, parts: [], bundle: null }
  try {
    await using walked = await walkChain(image, ports)
    const { facts, file, isDetected } = walked.links[0]
    const { format, virtualSize } = facts
    if (stats.isDirectory()) return { ...nothing, format, virtualSize }
    const inBundle = isBundleDescriptor(basename(file.path))
    if (inBundle && (format === 'parallels' || format === 'sparsebundle' || isMachineFolder(format)))
      return { ...nothing, format, virtualSize, bundle: dirname(file.path) }
    // What a guest may have written names no files of the host.
    if (isDetected && namedAsRaw(image)) return { ...nothing, format, virtualSize }
    return { ...nothing, format, virtualSize, parts: await partsThere(walked.links[0], ports) }
  } catch (error) {
    // A folder that is no bundle is not moved; a damaged image is one too.
    if (stats.isDirectory() || !isDiskError(error)) throw error
    return nothing
  }
}

/** Null: it does not lie in the folder or below, or is no file that can be moved. */
async function keptFile(path: string, folder: string): Promise<KeptFile | null> {
  const inside = relative(folder, path)
  if (inside === '' || inside === '..' || inside.startsWith(`..${sep}`)) return null
  const stats = await lstat(path, { bigint: true }).catch((error: unknown) => {
    throw readError(error, path)
  })
  if (!stats.isFile() && !stats.isDirectory()) return null
  const kind = stats.isDirectory() ? 'folder' : 'file'
  const size = kind === 'folder' ? await sizeOfFolder(path) : Number(stats.size)
  return { path: inside.split(sep).join('/'), kind, size, inode: String(stats.ino) }
}

async function sizeOfFolder(path: string): Promise<number> {
  let size = 0
  for (const entry of await readdir(path, { withFileTypes: true, recursive: true })) {
    const stats = await lstat(join(entry.parentPath, entry.name)).catch((error: unknown) => {
      if (systemCode(error) === 'ENOENT') return null
      throw readError(error, path)
    })
    if (stats?.isFile()) size += stats.size
  }
  return size
}
