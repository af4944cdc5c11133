import { readRange } from '../../binary/byte-source.ts'
import { DiskError } from '../../problems/disk-error.ts'
import type { ImageFile, ImagePorts } from '../../image/image-files.ts'
import { notNameable } from '../../image/parent-image.ts'
import { changedRuns, nameLikeBefore, type NewParent, type RepointPlan } from '../../image/repoint.ts'
import { decodeXml, maxXmlBytes, parseXml } from '../../text/xml.ts'
import { readDescriptor, type StorageImage } from './descriptor.ts'
import { findBundleDisk } from './find-bundle.ts'
import { escaped } from './write-descriptor.ts'

/** The image that the current state of a bundle stands on; throws `refused` where the bundle has none, or several. */
export async function parentImageOf(file: ImageFile, ports: ImagePorts): Promise<StorageImage> {
  const refuse = (reason: string, remedy: string) => notNameable(file.path, reason, remedy)
  const bundle = await findBundleDisk(file, ports)
  if (!bundle)
    throw refuse('it is an image without a bundle', 'Name the bundle: its descriptor says the parents.')
  if (bundle.path !== file.path)
    throw refuse('it is one image of a bundle', 'Name the bundle: its descriptor says the parents.')
  const { storages, shots, top } = bundle.descriptor
  const parent = shots.get(top) ?? null
  const [storage, ...others] = storages
  const image = storage?.images.find(({ guid }) => guid === parent)
  if (parent === null || !image) throw refuse('its current state has no parent', 'Nothing is to be done.')
  if (others.length > 0)
    throw refuse('it is split into several storages', 'Write it as one image with varve convert first.')
  if (shots.get(parent) !== null)
    throw refuse('the parent has a parent itself', 'Merge the snapshots of the bundle first.')
  return image
}

/** The descriptor with another file for the base of its current state; a bundle names its images, not a parent. */
export async function repointParallels(
  file: ImageFile,
  parent: NewParent,
  ports: ImagePorts,
): Promise<RepointPlan> {
  const { path, source } = file
  const image = await parentImageOf(file, ports)
  const type = parent.facts.format === 'raw' ? 'Plain' : 'Compressed'
  if ((parent.facts.format !== 'parallels' && type !== 'Plain') || type !== image.type)
    throw notNameable(
      path,
      `its descriptor has a ${image.type === 'Plain' ? 'raw' : 'Parallels'} image there, and it is ${parent.facts.format}`,
      'Convert the new parent first.',
    )
  const name = nameLikeBefore(image.file, parent)
  if (/[\u0000-\u001f\u007f\ufffe\uffff]|^\s|\s$/u.test(name) || !name.isWellFormed())
    throw notNameable(path, 'XML cannot hold its name', 'Rename the new parent.')
  const old = await readRange(source, { start: 0, end: source.size }, 'Parallels disk descriptor')
  const text = plainText(old, path)
  const replaced = withFile(text, image, name)
  const bytes = new TextEncoder().encode(replaced)
  const now = new Uint8Array(Math.max(old.length, bytes.length)).fill(0x0a)
  now.set(bytes)
  assertOnlyName(now, { path, image, name })
  return {
    says: [`The image of snapshot ${image.guid} becomes ${JSON.stringify(name)}.`],
    writes: changedRuns(old, now, 0),
  }
}

function plainText(bytes: Uint8Array, path: string): string {
  const text = decodeXml(bytes, { file: path, structure: 'Parallels disk descriptor' })
  const again = new TextEncoder().encode(text)
  if (again.length === bytes.length && again.every((byte, index) => byte === bytes[index])) return text
  throw notNameable(path, 'its descriptor is not in UTF-8', 'Let Parallels Desktop save the machine once.')
}

function withFile(text: string, { guid }: StorageImage, name: string): string {
  return text.replaceAll(/<Image>[\s\S]*?<\/Image>/gu, (element) =>
    element.toLowerCase().includes(guid)
      ? element.replace(/<File>[\s\S]*?<\/File>|<File\s*\/>/u, () => `<File>${escaped(name)}</File>`)
      : element,
  )
}

interface Meant {
  readonly path: string
  readonly image: StorageImage
  readonly name: string
}

/** Reads what would be written as it will be read: exactly that one name is another. */
function assertOnlyName(bytes: Uint8Array, { path, image, name }: Meant): void {
  if (bytes.length > maxXmlBytes)
    throw new DiskError('limit-exceeded', {
      file: path,
      what: 'size of the descriptor',
      value: bytes.length,
      limit: maxXmlBytes,
    })
  const root = parseXml(bytes, { file: path, structure: 'Parallels disk descriptor' })
  const files = readDescriptor(root, path).storages.flatMap(({ images }) => images)
  const isAsMeant = files.every(({ guid, file }) => guid !== image.guid || file === name)
  if (!isAsMeant || !files.some(({ guid }) => guid === image.guid))
    throw notNameable(
      path,
      'its descriptor is written in a way that is not changed safely',
      'Edit it by hand.',
    )
}
