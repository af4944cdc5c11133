import { deriveUuid, parseUuid } from '../../binary/derive-uuid.ts'
import { DiskError } from '../../problems/disk-error.ts'
import { blockStateSize, blockWriter, type BlockLayout, type BlockPlaces } from '../block-map/block-writer.ts'
import { overlayBlockWriter } from '../block-map/overlay-writer.ts'
import type { DiskWriterOptions, FileWrite, WriterFormat } from '../../image/disk-writer.ts'
import { parentOfNew } from '../overlay-fault.ts'
import { geometryOf } from './geometry.ts'
import {
  checksumAt,
  checksumOf,
  diskTypes,
  dynamicHeader,
  footer,
  footerSize,
  locatorsSize,
  sectorSize,
  timeOfMark,
  unusedEntry,
  type DiskType,
} from './header.ts'
import { nameParent, type NamedParent } from './name-parent.ts'
import { assertSize } from '../writable-sizes.ts'

const MiB = 1024 ** 2
const blockSize = 2 * MiB
/** What Virtual PC, Hyper-V and Azure take (DOMAIN.md section 2). */
const headerAt = footerSize
const tableAt = headerAt + dynamicHeader.size
/** An overlay says of whole pages whose they are: eight sectors, a byte of the bitmap. */
const overlayUnit = 4096
/** Bytes of the table written at a time. */
const tablePart = 64 * 1024

/**
 * Writes VHD: `dynamic` in blocks of 2 MiB, or `fixed` as Azure wants it: the guest's bytes, then the footer. Over another VHD
 * it is a differencing one. The size is the current size, exactly; the creator is one whose size every reader takes that way.
 */
export const vhdWriter: WriterFormat = {
  format: 'vhd',
  unit: blockSize,
  hasIdentity: true,
  stateSize: (options) => blockStateSize(layoutOf(options)),
  open: openVhdWriter,
  measure({ virtualSize, dataBytes, subformat, choices }) {
    const layout = layoutOf({ virtualSize, subformat, choices })
    if (layout.isFixed) return virtualSize + footerSize
    const blocks = Math.min(Math.ceil(dataBytes / blockSize), Math.ceil(virtualSize / blockSize))
    return layout.dataAt + blocks * (blockSize + sectorSize) + footerSize
  },
}

interface VhdLayout extends BlockLayout {
  /** Null: it stands alone. */
  readonly parent: NamedParent | null
}

function layoutOf({
  virtualSize,
  subformat = 'dynamic',
  choices,
}: Pick<DiskWriterOptions, 'virtualSize' | 'subformat' | 'choices'>): VhdLayout {
  assertSize('vhd', { virtualSize, subformat })
  const below = parentOfNew('vhd', { virtualSize, subformat, choices })
  if (subformat === 'fixed')
    return { virtualSize, blockSize, dataAt: 0, prefix: new Uint8Array(), isFixed: true, parent: null }
  if (subformat !== 'dynamic')
    throw new DiskError('unsupported-feature', {
      file: 'new VHD',
      format: 'VHD',
      feature: `subformat ${subformat}`,
    })
  const tableSize = Math.ceil((Math.ceil(virtualSize / blockSize) * 4) / sectorSize) * sectorSize
  const tableEnd = tableAt + tableSize
  const parent = below && nameParent(below.path, below, tableEnd)
  const prefix = new Uint8Array(sectorSize).fill(0xff)
  return { virtualSize, blockSize, dataAt: parent?.end ?? tableEnd, prefix, isFixed: false, parent }
}

function openVhdWriter(options: DiskWriterOptions) {
  const { state } = options
  const layout = layoutOf(options)
  const { virtualSize, dataAt, prefix, isFixed, parent } = layout
  const footerAt = (count: number) => (isFixed ? virtualSize : dataAt + count * (prefix.length + blockSize))
  const shared = {
    layout,
    state,
    *finish(places: BlockPlaces) {
      const footerBytes = footerOf(isFixed ? 'fixed' : parent ? 'differencing' : 'dynamic', options)
      if (!isFixed) {
        yield* tableWrites(layout, places)
        if (parent) yield* parent.writes
        yield { at: headerAt, bytes: headerOf(layout) }
      }
      yield { at: footerAt(places.count), bytes: footerBytes }
      if (!isFixed) yield { at: 0, bytes: footerBytes }
    },
    fileSize: (count: number) => footerAt(count) + footerSize,
  }
  if (!parent) return blockWriter(shared)
  const bitmap = { length: prefix.length, sectorSize }
  return overlayBlockWriter({ ...shared, unit: overlayUnit, bitmap, marksZeros: false })
}

function* tableWrites(
  { virtualSize, dataAt, prefix, parent }: VhdLayout,
  places: BlockPlaces,
): Generator<FileWrite> {
  const blockCount = Math.ceil(virtualSize / blockSize)
  const stride = prefix.length + blockSize
  const tableEnd = parent?.writes[0]?.at ?? dataAt
  const entries = (tableEnd - tableAt) / 4
  for (let first = 0; first < entries; first += tablePart / 4) {
    const count = Math.min(tablePart / 4, entries - first)
    const view = new DataView(new ArrayBuffer(count * 4))
    for (let index = 0; index < count; index += 1) {
      const place = first + index < blockCount ? places.placeOf(first + index) : -1
      view.setUint32(index * 4, place < 0 ? unusedEntry : (dataAt + place * stride) / sectorSize)
    }
    yield { at: tableAt + first * 4, bytes: new Uint8Array(view.buffer) }
  }
}

function headerOf({ virtualSize, parent }: VhdLayout): Uint8Array {
  const bytes = dynamicHeader.write({
    cookie: 'cxsparse',
    dataOffset: null,
    tableOffset: tableAt,
    headerVersion: 0x0001_0000,
    maxTableEntries: Math.ceil(virtualSize / blockSize),
    blockSize,
    checksum: 0,
    parentUniqueId: new Uint8Array(16),
    parentTimeStamp: 0,
    parentUnicodeName: new Uint8Array(512),
    locators: new Uint8Array(locatorsSize),
    ...parent?.fields,
  })
  return withChecksum(bytes, checksumAt.dynamicHeader)
}

function footerOf(
  type: DiskType,
  { virtualSize, id, choices: { identity } = {} }: DiskWriterOptions,
): Uint8Array {
  const bytes = footer.write({
    cookie: 'conectix',
    features: 2,
    fileFormatVersion: 0x0001_0000,
    dataOffset: type === 'fixed' ? null : headerAt,
    timeStamp: identity?.content === undefined ? 0 : timeOfMark(Number(identity.content)),
    creatorApplication: 'win ',
    creatorVersion: 0x000a_0000,
    creatorHostOs: 'Wi2k',
    originalSize: virtualSize,
    currentSize: virtualSize,
    ...geometryOf(virtualSize / sectorSize),
    diskType: diskTypes[type],
    checksum: 0,
    uniqueId: identity?.disk === undefined ? deriveUuid(id, 0) : parseUuid(identity.disk),
    savedState: 0,
  })
  return withChecksum(bytes, checksumAt.footer)
}

function withChecksum(bytes: Uint8Array<ArrayBuffer>, at: number): Uint8Array {
  new DataView(bytes.buffer).setUint32(at, checksumOf(bytes, at))
  return bytes
}
