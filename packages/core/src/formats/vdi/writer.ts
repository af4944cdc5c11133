import { deriveUuid } from '../../binary/derive-uuid.ts'
import { DiskError } from '../../problems/disk-error.ts'
import { blockStateSize, blockWriter, type BlockLayout, type BlockPlaces } from '../block-map/block-writer.ts'
import type { DiskWriterOptions, FileWrite, WriterFormat } from '../disk-writer.ts'
import { freeEntry, vdiHeader, vdiSignature, vdiTypes, type VdiHeader } from './header.ts'
import { assertSize } from '../writable-sizes.ts'

const MiB = 1024 ** 2
const sectorSize = 512
/** VirtualBox's own block size, and where its block map starts. */
const blockSize = MiB
const mapAt = 512
/** Bytes of the block map written at a time. */
const mapPart = 64 * 1024

/** Writes VDI 1.1: `dynamic` or `fixed`, in blocks of 1 MiB. */
export const vdiWriter: WriterFormat = {
  format: 'vdi',
  unit: blockSize,
  hasIdentity: true,
  stateSize: (options) => blockStateSize(layoutOf(options)),
  open: openVdiWriter,
  measure: ({ virtualSize, dataBytes, subformat }) => {
    const layout = layoutOf({ virtualSize, subformat })
    const whole = Math.ceil(virtualSize / blockSize) * blockSize
    return layout.dataAt + (layout.isFixed ? whole : Math.min(dataBytes, whole))
  },
}

function layoutOf({
  virtualSize,
  subformat = 'dynamic',
}: Pick<DiskWriterOptions, 'virtualSize' | 'subformat'>): BlockLayout {
  assertSize('vdi', { virtualSize, subformat })
  if (subformat !== 'dynamic' && subformat !== 'fixed') {
    throw new DiskError('unsupported-feature', {
      file: 'new VDI',
      format: 'VDI',
      feature: `subformat ${subformat}`,
    })
  }
  const mapEnd = mapAt + Math.ceil(virtualSize / blockSize) * 4
  const dataAt = Math.ceil(mapEnd / MiB) * MiB
  return { virtualSize, blockSize, dataAt, prefix: new Uint8Array(), isFixed: subformat === 'fixed' }
}

function openVdiWriter(options: DiskWriterOptions) {
  const { state, id } = options
  const layout = layoutOf(options)
  return blockWriter({
    layout,
    state,
    finish: (places) => finalWrites(layout, places, id),
    fileSize: (count) => layout.dataAt + count * blockSize,
  })
}

function* finalWrites(layout: BlockLayout, places: BlockPlaces, id: string): Generator<FileWrite> {
  const { virtualSize, dataAt, isFixed } = layout
  const blockCount = Math.ceil(virtualSize / blockSize)
  const perPart = mapPart / 4
  for (let first = 0; first < blockCount; first += perPart) {
    const count = Math.min(perPart, blockCount - first)
    const view = new DataView(new ArrayBuffer(count * 4))
    for (let index = 0; index < count; index += 1) {
      const place = places.placeOf(first + index)
      view.setUint32(index * 4, place < 0 ? freeEntry : place, true)
    }
    yield { at: mapAt + first * 4, bytes: new Uint8Array(view.buffer) }
  }
  const header: VdiHeader = {
    fileInfo: '<<< Varve VM Virtual Disk Image >>>\n',
    signature: vdiSignature,
    version: 0x0001_0001,
    headerSize: 0x190,
    type: isFixed ? vdiTypes.fixed : vdiTypes.dynamic,
    flags: 0,
    comment: '',
    offBlocks: mapAt,
    offData: dataAt,
    sectorSize,
    diskSize: virtualSize,
    blockSize,
    blockExtra: 0,
    blockCount,
    allocatedCount: places.count,
    uuidCreate: deriveUuid(id, 0),
    uuidModify: deriveUuid(id, 1),
    uuidLinkage: new Uint8Array(16),
    uuidParentModify: new Uint8Array(16),
  }
  yield { at: 0, bytes: vdiHeader.write(header) }
}
