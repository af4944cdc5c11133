import {
  checksumAt,
  checksumOf,
  diskTypes,
  dynamicHeader,
  footer,
  footerSize,
  sectorSize,
  unusedEntry,
} from '../header.ts'

export interface VhdRecipe {
  readonly type?: 'fixed' | 'dynamic'
  readonly creator?: string
  readonly currentSize: number
  /** Cylinders, heads, sectors per track. */
  readonly geometry?: readonly [number, number, number]
  /** Of a fixed disk, what the guest sees; of a dynamic one, what each block stores (null: not allocated). */
  readonly content?: Uint8Array
  readonly blocks?: readonly (VhdBlock | null)[]
}

export interface VhdBlock {
  /** One bit per sector, from the highest of each byte. */
  readonly bitmap: Uint8Array
  readonly data: Uint8Array
}

/** Bytes of a block: the smallest that is read, eight sectors. */
export const blockSize = 4096

/** A VHD made by hand: nothing in it is checked. */
export function buildVhd(recipe: VhdRecipe): Uint8Array {
  const { type = 'dynamic', content = new Uint8Array(), blocks = [] } = recipe
  const end = footerOf(recipe)
  if (type === 'fixed') return joined([content, end])
  const tableAt = footerSize + dynamicHeader.size
  const tableSize = Math.ceil((blocks.length * 4) / sectorSize) * sectorSize
  const table = new DataView(new ArrayBuffer(tableSize))
  let next = tableAt + tableSize
  const bodies: Uint8Array[] = []
  for (const [index, block] of blocks.entries()) {
    table.setUint32(index * 4, block === null ? unusedEntry : next / sectorSize)
    if (block === null) continue
    const body = new Uint8Array(sectorSize + blockSize)
    body.set(block.bitmap)
    body.set(block.data, sectorSize)
    bodies.push(body)
    next += body.length
  }
  const header = dynamicHeader.write({
    cookie: 'cxsparse',
    dataOffset: null,
    tableOffset: tableAt,
    headerVersion: 0x0001_0000,
    maxTableEntries: blocks.length,
    blockSize,
    checksum: 0,
    parentUniqueId: new Uint8Array(16),
    parentTimeStamp: 0,
    parentUnicodeName: new Uint8Array(512),
    locators: new Uint8Array(192),
  })
  new DataView(header.buffer).setUint32(
    checksumAt.dynamicHeader,
    checksumOf(header, checksumAt.dynamicHeader),
  )
  return joined([end, header, new Uint8Array(table.buffer), ...bodies, end])
}

function footerOf({ type = 'dynamic', creator = 'win ', currentSize, geometry }: VhdRecipe): Uint8Array {
  const [cylinders, heads, sectorsPerTrack] = geometry ?? [0, 0, 0]
  const bytes = footer.write({
    cookie: 'conectix',
    features: 2,
    fileFormatVersion: 0x0001_0000,
    dataOffset: type === 'fixed' ? null : footerSize,
    timeStamp: 0,
    creatorApplication: creator,
    creatorVersion: 0x0001_0000,
    creatorHostOs: 'Wi2k',
    originalSize: currentSize,
    currentSize,
    cylinders,
    heads,
    sectorsPerTrack,
    diskType: diskTypes[type],
    checksum: 0,
    uniqueId: Uint8Array.from({ length: 16 }, (_, index) => index + 1),
    savedState: 0,
  })
  new DataView(bytes.buffer).setUint32(checksumAt.footer, checksumOf(bytes, checksumAt.footer))
  return bytes
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}
