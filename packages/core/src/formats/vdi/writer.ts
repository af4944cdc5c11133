import { deriveUuid } from '../../binary/derive-uuid.ts'
import { DiskError } from '../../problems/disk-error.ts'
import { parseGuid } from '../../binary/uuid.ts'
import { blockStateSize, blockWriter, type BlockLayout, type BlockPlaces } from '../block-map/block-writer.ts'
import { overlayBlockWriter, zerosPlace } from '../block-map/overlay-writer.ts'
import type { DiskWriterOptions, FileWrite, WriterFormat } from '../../image/disk-writer.ts'
import { parentOfNew } from '../overlay-fault.ts'
import type { ParentImage } from '../../image/parent-image.ts'
import { freeEntry, vdiHeader, vdiSignature, vdiTypes, zeroEntry, type VdiHeader } from './header.ts'
import { linksTo } from './name-parent.ts'
import { assertSize } from '../writable-sizes.ts'

const MiB = 1024 ** 2
const sectorSize = 512
/** VirtualBox's own block size, and where its block map starts. */
const blockSize = MiB
const mapAt = 512
const noLinks = { uuidLinkage: new Uint8Array(16), uuidParentModify: new Uint8Array(16) }
/** Bytes of the block map written at a time. */
const mapPart = 64 * 1024

/** Writes VDI 1.1: `dynamic` or `fixed`, in blocks of 1 MiB; over another VDI a differencing one, which names it by its UUIDs. */
export const vdiWriter: WriterFormat = {
  format: 'vdi',
  unit: blockSize,
  hasIdentity: true,
  stateSize: (options) => blockStateSize(layoutOf(options)),
  open: openVdiWriter,
  measure: ({ virtualSize, dataBytes, subformat, choices }) => {
    const layout = layoutOf({ virtualSize, subformat, choices })
    const whole = Math.ceil(virtualSize / blockSize) * blockSize
    return layout.dataAt + (layout.isFixed ? whole : Math.min(dataBytes, whole))
  },
}

interface VdiLayout extends BlockLayout {
  /** Null: it stands alone. */
  readonly parent: ParentImage | null
  readonly links: ReturnType<typeof linksTo>
}

function layoutOf({
  virtualSize,
  subformat = 'dynamic',
  choices,
}: Pick<DiskWriterOptions, 'virtualSize' | 'subformat' | 'choices'>): VdiLayout {
  assertSize('vdi', { virtualSize, subformat })
  const parent = parentOfNew('vdi', { virtualSize, subformat, choices })
  const links = parent ? linksTo(parent.path, parent) : noLinks
  if (subformat !== 'dynamic' && subformat !== 'fixed') {
    throw new DiskError('unsupported-feature', {
      file: 'new VDI',
      format: 'VDI',
      feature: `subformat ${subformat}`,
    })
  }
  const mapEnd = mapAt + Math.ceil(virtualSize / blockSize) * 4
  const dataAt = Math.ceil(mapEnd / MiB) * MiB
  return {
    virtualSize,
    blockSize,
    dataAt,
    prefix: new Uint8Array(),
    isFixed: subformat === 'fixed',
    parent,
    links,
  }
}

function openVdiWriter(options: DiskWriterOptions) {
  const { state } = options
  const layout = layoutOf(options)
  const shared = {
    layout,
    state,
    finish: (places: BlockPlaces) => finalWrites(layout, places, options),
    fileSize: (count: number) => layout.dataAt + count * blockSize,
  }
  if (!layout.parent) return blockWriter(shared)
  return overlayBlockWriter({ ...shared, unit: blockSize, bitmap: null, marksZeros: true })
}

function* finalWrites(
  layout: VdiLayout,
  places: BlockPlaces,
  { id, choices: { identity } = {} }: DiskWriterOptions,
): Generator<FileWrite> {
  const { virtualSize, dataAt, isFixed, parent, links } = layout
  const blockCount = Math.ceil(virtualSize / blockSize)
  const perPart = mapPart / 4
  for (let first = 0; first < blockCount; first += perPart) {
    const count = Math.min(perPart, blockCount - first)
    const view = new DataView(new ArrayBuffer(count * 4))
    for (let index = 0; index < count; index += 1) {
      const place = places.placeOf(first + index)
      view.setUint32(index * 4, place >= 0 ? place : place === zerosPlace ? zeroEntry : freeEntry, true)
    }
    yield { at: mapAt + first * 4, bytes: new Uint8Array(view.buffer) }
  }
  const header: VdiHeader = {
    fileInfo: '<<< Varve VM Virtual Disk Image >>>\n',
    signature: vdiSignature,
    version: 0x0001_0001,
    headerSize: 0x190,
    type: parent ? vdiTypes.differencing : isFixed ? vdiTypes.fixed : vdiTypes.dynamic,
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
    uuidCreate: identity?.disk === undefined ? deriveUuid(id, 0) : parseGuid(identity.disk),
    uuidModify: identity?.content === undefined ? deriveUuid(id, 1) : parseGuid(identity.content),
    ...links,
  }
  yield { at: 0, bytes: vdiHeader.write(header) }
}
