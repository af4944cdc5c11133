import { overlayDisk } from '../../disk/overlay-disk.ts'
import { DiskError, isDiskError } from '../../problems/disk-error.ts'
import type { Problem } from '../../problems/problem.ts'
import type { DiskReader } from '../../disk/disk-reader.ts'
import type { OpenLayer } from '../../image/format-driver.ts'
import type { ImageFile, ImagePorts } from '../../image/image-files.ts'
import { newerParent } from '../../image/newer-parent.ts'
import {
  referenceOpener,
  takenProblem,
  type OpenReference,
  type TakenReference,
} from '../../image/open-reference.ts'
import { rawDisk } from '../raw/driver.ts'
import { concatDisks, type DiskPart } from '../vmdk/concat-disks.ts'
import { snapshotChain, type DiskDescriptor, type Storage, type StorageImage } from './descriptor.ts'
import { readHdsMetadata } from './metadata.ts'
import { openHds } from './reader.ts'

/** Files open at once for one disk, at most. */
const maxFiles = 1024

/** A disk of a bundle: the descriptor, where it lies, and which of its snapshots is meant. */
export interface BundleDisk {
  readonly descriptor: DiskDescriptor
  /** Path of `DiskDescriptor.xml`: names of images are relative to its folder. */
  readonly path: string
  readonly snapshot: string
}

export interface OpenBundle extends OpenLayer {
  readonly problems: readonly Problem[]
}

/**
 * The disk of a bundle at one snapshot: each storage is the images of the snapshot and all its ancestors over each
 * other, the disk is its storages one after the other. Throws a coded error when any image is missing or damaged.
 */
export async function openBundle(bundle: BundleDisk, ports: ImagePorts): Promise<OpenBundle> {
  const { descriptor, path, snapshot } = bundle
  const chain = snapshotChain(descriptor, snapshot, path)
  const wanted = chain.length * descriptor.storages.length
  if (wanted > maxFiles) {
    throw new DiskError('limit-exceeded', {
      file: path,
      what: 'number of image files',
      value: wanted,
      limit: maxFiles,
    })
  }
  await using opened = new AsyncDisposableStack()
  const parts: ImageFile[] = []
  const problems: Problem[] = []
  const open = referenceOpener({ from: path, files: ports.files })
  const openImage = async (image: StorageImage, length: number): Promise<DiskReader> => {
    const taken = await openNamed(image.file, { open, from: path })
    const part = opened.use(taken.file)
    const remark = takenProblem(taken, { from: path, isVerified: true })
    if (remark) problems.push(remark)
    if (parts.some((known) => isSame(part, known))) {
      throw new DiskError('corrupt', {
        file: path,
        structure: 'Parallels disk descriptor',
        reason: `two images are one file: ${JSON.stringify(image.file)}`,
      })
    }
    parts.push(part)
    if (image.type === 'Plain') return atLeast(rawDisk(part.source), length, part.path)
    const metadata = await readHdsMetadata(part)
    problems.push(...metadata.problems)
    return atLeast(openHds(part, metadata), length, part.path)
  }
  const pieces: DiskPart[] = []
  for (const storage of descriptor.storages) {
    const length = storage.end - storage.start
    const layers: DiskReader[] = []
    const first = parts.length
    for (const guid of chain) layers.push(await openImage(imageOf(storage, guid, path), length))
    problems.push(...newerParents(parts.slice(first)))
    pieces.push({
      disk: layers.reduceRight((parent, child) => overlayDisk(child, parent)),
      start: storage.start,
      length,
    })
  }
  const release = opened.move()
  return {
    disk: concatDisks(path, pieces),
    parts,
    problems,
    [Symbol.asyncDispose]: () => release.disposeAsync(),
  }
}

/** The images of one storage, the current one first, of which one was written to after what was made over it. */
function newerParents(images: readonly ImageFile[]): Problem[] {
  return images.flatMap((image, depth) => {
    const parent = images[depth + 1]
    return (parent && newerParent(image, parent)) ?? []
  })
}

function imageOf({ images, start }: Storage, guid: string, file: string): StorageImage {
  const image = images.find((candidate) => candidate.guid === guid)
  if (image) return image
  throw new DiskError('extent-file-missing', {
    file,
    extent: `image ${guid} of the storage at byte ${start}`,
  })
}

/** Every image covers its storage, also those of snapshots: they grow together. */
function atLeast(disk: DiskReader, length: number, file: string): DiskReader {
  if (disk.virtualSize >= length) return disk
  throw new DiskError('truncated', {
    file,
    structure: 'Parallels storage',
    wanted: length,
    available: disk.virtualSize,
  })
}

/** Descriptors keep the path that the image had on the Mac it was made on; beside the descriptor is where it is now. */
async function openNamed(name: string, { open, from }: BundleFiles): Promise<TakenReference> {
  try {
    return await open([name])
  } catch (error) {
    if (!isDiskError(error, 'not-found')) throw error
    const { candidates } = error.details
    throw new DiskError('extent-file-missing', { file: from, extent: name, candidates }, { cause: error })
  }
}

interface BundleFiles {
  readonly open: OpenReference
  /** Path of the descriptor. */
  readonly from: string
}

function isSame(file: ImageFile, other: ImageFile): boolean {
  return file.path === other.path || file.fingerprint.inode === other.fingerprint.inode
}
