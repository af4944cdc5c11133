import { readRange } from '../../binary/byte-source.ts'
import { formatGuid } from '../../binary/uuid.ts'
import { isDiskError } from '../../problems/disk-error.ts'
import type { ParentReference } from '../../image/image-facts.ts'
import type { ImageFile, ImagePorts } from '../../image/image-files.ts'
import { vdiHeader, vdiSignature, type VdiHeader } from './header.ts'

/** Files looked at in a folder, at most. */
const maxSiblings = 1000
/** Bytes of a `.vbox` registry, at most. */
const maxRegistry = 16 * 1024 * 1024

/**
 * How a differencing VDI names its parent: by UUID only. The machine's `.vbox` registry says where that image is; without
 * one the images beside the child are asked, and those of the folder above (VirtualBox keeps children in `Snapshots/`).
 */
export async function findVdiParent(
  file: ImageFile,
  header: VdiHeader,
  ports: ImagePorts,
): Promise<ParentReference> {
  const uuid = formatGuid(header.uuidLinkage)
  return { names: await namesOfVdi(file, uuid, ports), format: 'vdi', identity: { kind: 'uuid', uuid } }
}

/** The names by which a VDI of that UUID is found from `file`, in the order in which they count. */
export async function namesOfVdi(
  file: Pick<ImageFile, 'path'>,
  uuid: string,
  ports: ImagePorts,
): Promise<string[]> {
  const names: string[] = []
  for (const folder of ['', '../']) {
    const entries = await list(file, folder, ports)
    for (const entry of entries.filter((name) => name.toLowerCase().endsWith('.vbox'))) {
      names.push(...(await namesInRegistry(file, `${folder}${entry}`, { uuid, folder, ports })))
    }
    for (const entry of entries.filter((name) => name.toLowerCase().endsWith('.vdi'))) {
      if (await hasUuid(file, `${folder}${entry}`, { uuid, ports })) names.push(`${folder}${entry}`)
    }
  }
  return [...new Set(names)]
}

async function list(
  { path }: Pick<ImageFile, 'path'>,
  folder: string,
  { files }: ImagePorts,
): Promise<readonly string[]> {
  const here = path.slice(0, Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1)
  return (await files.list(`${here}${folder}`)).slice(0, maxSiblings)
}

interface Sought {
  readonly uuid: string
  readonly ports: ImagePorts
}

async function hasUuid(
  file: Pick<ImageFile, 'path'>,
  name: string,
  { uuid, ports }: Sought,
): Promise<boolean> {
  const bytes = await readSibling(file, name, { ports, limit: vdiHeader.size })
  if (bytes === null || bytes.length < vdiHeader.size) return false
  const { signature, uuidCreate } = vdiHeader.read(bytes, name)
  return signature === vdiSignature && formatGuid(uuidCreate) === uuid
}

/** Locations of the hard disk `uuid` in a `.vbox` file, relative to its folder. */
async function namesInRegistry(
  file: Pick<ImageFile, 'path'>,
  name: string,
  { uuid, folder, ports }: Sought & { folder: string },
): Promise<string[]> {
  const bytes = await readSibling(file, name, { ports, limit: maxRegistry })
  if (bytes === null) return []
  const text = new TextDecoder().decode(bytes)
  const names: string[] = []
  for (const [element] of text.matchAll(/<HardDisk\b[^>]{0,5000}>/gu)) {
    if (attribute(element, 'uuid')?.toUpperCase() !== `{${uuid}}`) continue
    const location = attribute(element, 'location')?.replaceAll('\\', '/')
    if (location) names.push(location.startsWith('/') ? location : `${folder}${location}`)
  }
  return names
}

const entities: Readonly<Record<string, string>> = {
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&apos;': "'",
}

function attribute(element: string, name: string): string | null {
  const value = new RegExp(`\\b${name}="([^"]*)"`, 'u').exec(element)?.[1]
  return value?.replaceAll(/&(?:amp|lt|gt|quot|apos);/gu, (entity) => entities[entity] ?? entity) ?? null
}

/** Bytes of a file beside the image, or null when it cannot be read or is larger than `limit` where it must be whole. */
async function readSibling(
  file: Pick<ImageFile, 'path'>,
  name: string,
  { ports, limit }: { ports: ImagePorts; limit: number },
): Promise<Uint8Array | null> {
  try {
    await using sibling = await ports.files.open(ports.files.resolve(file.path, name))
    const { source } = sibling
    return await readRange(source, { start: 0, end: Math.min(source.size, limit) }, 'file beside the image')
  } catch (error) {
    if (isDiskError(error)) return null
    throw error
  }
}
