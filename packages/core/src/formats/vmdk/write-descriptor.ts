import type { KeptIdentity } from '../../image/kept-identity.ts'
import { notNameable } from '../../image/parent-image.ts'
import type { BackingReference } from '../../image/image-choices.ts'
import { deviceName } from './metadata.ts'
import { sectorSize } from './sparse-header.ts'

export interface WrittenExtent {
  readonly type: 'SPARSE' | 'FLAT'
  /** Bytes of the disk. */
  readonly length: number
  readonly name: string
}

export interface WrittenDescriptor {
  readonly createType: string
  readonly virtualSize: number
  /** A UUID; its last eight digits become the CID. */
  readonly id: string
  readonly extents: readonly WrittenExtent[]
  /** The image that it is an overlay of. */
  readonly backing?: BackingReference | undefined
  readonly identity?: KeptIdentity | undefined
}

const noParent = 'ffffffff'
/** What VMware writes until the first change of the disk. */
const firstCid = 'fffffffe'

/** The text of a descriptor in UTF-8 ("Virtual Disk Format 5.0", chapter "The Descriptor"). */
export function descriptorBytes(descriptor: WrittenDescriptor): Uint8Array {
  const { createType, virtualSize, id, extents, backing, identity } = descriptor
  const fresh = id.replaceAll('-', '').toLowerCase()
  const contentId = fresh.slice(0, -8) + (identity?.content ?? fresh.slice(-8))
  const cid = contentId.slice(-8)
  const { cylinders, heads, sectors } = geometryOf(virtualSize)
  const lines = [
    '# Disk DescriptorFile',
    'version=1',
    'encoding="UTF-8"',
    `CID=${cid === noParent ? firstCid : cid}`,
    `parentCID=${backing ? parentCid(backing) : noParent}`,
    `createType="${createType}"`,
    ...(backing ? [`parentFileNameHint="${backing.name}"`] : []),
    '',
    '# Extent description',
    ...extents.map(extentLine),
    '',
    '# The Disk Data Base',
    '#DDB',
    '',
    'ddb.adapterType = "lsilogic"',
    `ddb.geometry.cylinders = "${cylinders}"`,
    `ddb.geometry.heads = "${heads}"`,
    `ddb.geometry.sectors = "${sectors}"`,
    `ddb.longContentID = "${contentId}"`,
    'ddb.virtualHWVersion = "8"',
    '',
  ]
  return new TextEncoder().encode(lines.join('\n'))
}

/** The CID of the image below an overlay; throws `refused` for one that a descriptor cannot name. */
export function parentCid({ name, parent }: BackingReference): string {
  const file = parent?.path ?? name
  const identity = parent?.facts.identity
  if (identity?.kind !== 'content-id')
    throw notNameable(file, 'it has no CID', 'Give the parent a CID: write it anew with varve convert.')
  if (fitsDescriptor(name)) return identity.cid
  throw notNameable(
    file,
    'its name has quotes, line ends or other characters that a descriptor cannot hold',
    'Rename the parent.',
  )
}

function extentLine({ type, length, name }: WrittenExtent): string {
  return `RW ${length / sectorSize} ${type} "${name}"${type === 'FLAT' ? ' 0' : ''}`
}

/** Whether a name can stand in a descriptor: it has no way to write quotes or line ends, and devices are no files. */
export function fitsDescriptor(name: string): boolean {
  return /^[^"\u0000-\u001F\u007F]+$/u.test(name) && name.isWellFormed() && !deviceName.test(name)
}

/** The geometry that VMware gives disks of an LSI Logic adapter. */
function geometryOf(virtualSize: number) {
  const gib = 1024 ** 3
  const [heads, sectors] = virtualSize <= gib ? [64, 32] : virtualSize <= 2 * gib ? [128, 32] : [255, 63]
  const cylinders = Math.floor(virtualSize / sectorSize / (heads * sectors))
  return { cylinders: Math.min(65_535, Math.max(1, cylinders)), heads, sectors }
}
