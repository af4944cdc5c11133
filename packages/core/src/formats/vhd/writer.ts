import { deriveUuid } from '../../binary/derive-uuid.ts'
import { DiskError } from '../../problems/disk-error.ts'
import { blockStateSize, blockWriter, type BlockLayout, type BlockPlaces } from '../block-map/block-writer.ts'
import type { DiskWriterOptions, FileWrite, WriterFormat } from '../disk-writer.ts'
import { geometryOf } from './geometry.ts'
import {
  checksumAt,
  checksumOf,
  diskTypes,
  dynamicHeader,
  footer,
  footerSize,
  sectorSize,
  unusedEntry,
  type DiskType,
} from './header.ts'
import { assertSize } from '../writable-sizes.ts'

const MiB = 1024 ** 2
const blockSize = 2 * MiB
/** What Virtual PC, Hyper-V and Azure take (DOMAIN.md section 2). */
const headerAt = footerSize
const tableAt = headerAt + dynamicHeader.size
/** Bytes of the table written at a time. */
const tablePart = 64 * 1024

/**
 * Writes VHD: `dynamic` in blocks of 2 MiB, or `fixed` as Azure wants it: the guest's bytes, then the footer. The size is
 * the current size, exactly; the creator is one whose size every reader takes that way.
 */
export const vhdWriter: WriterFormat = {
  format: 'vhd',
  unit: blockSize,
  hasIdentity: true,
  stateSize: (options) => blockStateSize(layoutOf(options)),
  open: openVhdWriter,
  measure({ virtualSize, dataBytes, subformat }) {
    const layout = layoutOf({ virtualSize, subformat })
    if (layout.isFixed) return virtualSize + footerSize
    const blocks = Math.min(Math.ceil(dataBytes / blockSize), Math.ceil(virtualSize / blockSize))
    return layout.dataAt + blocks * (blockSize + sectorSize) + footerSize
  },
}

function layoutOf({
  virtualSize,
  subformat = 'dynamic',
}: Pick<DiskWriterOptions, 'virtualSize' | 'subformat'>): BlockLayout {
  assertSize('vhd', { virtualSize, subformat })
  if (subformat === 'fixed')
    return { virtualSize, blockSize, dataAt: 0, prefix: new Uint8Array(), isFixed: true }
  if (subformat !== 'dynamic')
    throw new DiskError('unsupported-feature', {
      file: 'new VHD',
      format: 'VHD',
      feature: `subformat ${subformat}`,
    })
  const tableSize = Math.ceil((Math.ceil(virtualSize / blockSize) * 4) / sectorSize) * sectorSize
  const prefix = new Uint8Array(sectorSize).fill(0xff)
  return { virtualSize, blockSize, dataAt: tableAt + tableSize, prefix, isFixed: false }
}

function openVhdWriter(options: DiskWriterOptions) {
  const { state, id } = options
  const layout = layoutOf(options)
  const { virtualSize, dataAt, prefix, isFixed } = layout
  const footerAt = (count: number) => (isFixed ? virtualSize : dataAt + count * (prefix.length + blockSize))
  return blockWriter({
    layout,
    state,
    *finish(places) {
      const footerBytes = footerOf(virtualSize, { type: isFixed ? 'fixed' : 'dynamic', id })
      if (!isFixed) {
        yield* tableWrites(layout, places)
        yield { at: headerAt, bytes: headerOf(layout) }
      }
      yield { at: footerAt(places.count), bytes: footerBytes }
      if (!isFixed) yield { at: 0, bytes: footerBytes }
    },
    fileSize: (count) => footerAt(count) + footerSize,
  })
}

function* tableWrites(
  { virtualSize, dataAt, prefix }: BlockLayout,
  places: BlockPlaces,
): Generator<FileWrite> {
  const blockCount = Math.ceil(virtualSize / blockSize)
  const stride = prefix.length + blockSize
  const entries = (dataAt - tableAt) / 4
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

function headerOf({ virtualSize }: BlockLayout): Uint8Array {
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
    locators: new Uint8Array(192),
  })
  return withChecksum(bytes, checksumAt.dynamicHeader)
}

function footerOf(virtualSize: number, { type, id }: { type: DiskType; id: string }): Uint8Array {
  const bytes = footer.write({
    cookie: 'conectix',
    features: 2,
    fileFormatVersion: 0x0001_0000,
    dataOffset: type === 'fixed' ? null : headerAt,
    timeStamp: 0,
    creatorApplication: 'win ',
    creatorVersion: 0x000a_0000,
    creatorHostOs: 'Wi2k',
    originalSize: virtualSize,
    currentSize: virtualSize,
    ...geometryOf(virtualSize / sectorSize),
    diskType: diskTypes[type],
    checksum: 0,
    uniqueId: deriveUuid(id, 0),
    savedState: 0,
  })
  return withChecksum(bytes, checksumAt.footer)
}

function withChecksum(bytes: Uint8Array<ArrayBuffer>, at: number): Uint8Array {
  new DataView(bytes.buffer).setUint32(at, checksumOf(bytes, at))
  return bytes
}
