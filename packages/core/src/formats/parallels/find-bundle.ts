import { readRange } from '../../binary/byte-source.ts'
import { toHex } from '../../binary/hex.ts'
import { isDiskError } from '../../problems/disk-error.ts'
import { foldName } from '../../image/fold-name.ts'
import { nameOf } from '../../image/folder-of.ts'
import type { ImageFile, ImagePorts } from '../../image/image-files.ts'
import { oncePerFile } from '../../image/once-per-file.ts'
import type { XmlElement } from '../../text/xml-element.ts'
import { descriptorName } from './descriptor-name.ts'
import { readDescriptor } from './descriptor.ts'
import type { BundleDisk } from './open-bundle.ts'

/**
 * The bundle that a file means: a descriptor means its current disk; an image of a bundle with snapshots or several
 * storages means the whole disk at the snapshot that the image belongs to. Null for an image that is a disk by itself.
 */
export const findBundleDisk = oncePerFile(findDisk)

async function findDisk(file: ImageFile, ports: ImagePorts): Promise<BundleDisk | null> {
  if (isDescriptorName(file.path) || (await startsLikeXml(file))) {
    const descriptor = readDescriptor(await readDocument(file), file.path)
    return { descriptor, path: file.path, snapshot: descriptor.top }
  }
  const path = ports.files.resolve(file.path, descriptorName)
  await using opened = await openIfThere(path, ports)
  if (!opened) return null
  const descriptor = readDescriptor(await readDocument(opened), path)
  const own = foldName(nameOf(file.path))
  const image = descriptor.storages
    .flatMap(({ images }) => images)
    .find(({ file: name }) => foldName(nameOf(name)) === own)
  if (!image) return null
  const isWhole = descriptor.storages.length === 1 && descriptor.shots.get(image.guid) === null
  return isWhole ? null : { descriptor, path, snapshot: image.guid }
}

/** The parser is loaded where there is a document: nearly every image is asked for one. */
async function readDocument(file: ImageFile): Promise<XmlElement> {
  const { readXml } = await import('../../text/xml.ts')
  return await readXml(file, 'Parallels disk descriptor')
}

/** Asked for by its name: a folder may hold ten thousand images, and each of them asks. */
async function openIfThere(path: string, { files }: ImagePorts): Promise<ImageFile | null> {
  try {
    return await files.open(path)
  } catch (error) {
    if (isDiskError(error, 'not-found')) return null
    throw error
  }
}

function isDescriptorName(path: string): boolean {
  return nameOf(path).toLowerCase() === descriptorName.toLowerCase()
}

/** In UTF-8 or UTF-16, with a byte order mark or without. */
async function startsLikeXml({ source }: ImageFile): Promise<boolean> {
  if (source.size < 4) return false
  const start = toHex(await readRange(source, { start: 0, end: 4 }, 'start of the file'))
  return ['3c', 'efbbbf3c', 'fffe3c00', 'feff003c', '003c'].some((mark) => start.startsWith(mark))
}
