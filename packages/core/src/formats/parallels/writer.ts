import { DiskError } from '../../problems/disk-error.ts'
import { blockStateSize, blockWriter, type BlockLayout, type BlockPlaces } from '../block-map/block-writer.ts'
import type { DiskWriter, DiskWriterOptions, FileWrite, WriterFormat } from '../../image/disk-writer.ts'
import { hdsHeader, sectorSize, type HdsHeader } from './header.ts'
import { bundleDescriptor, bundleImageName } from './write-descriptor.ts'
import { assertSize } from '../writable-sizes.ts'

const MiB = 1024 ** 2
/** What Parallels itself makes. */
const clusterSize = MiB
/** Bytes of the BAT written at a time. */
const batPart = 64 * 1024
/** The geometry counts sectors in tracks of 32 under 16 heads; the size is what `sectors` says. */
const heads = 16
const sectorsPerTrack = 32
const twoTo32 = 2 ** 32
/** The name of a bundle that was given none. */
const plainName = 'disk.hdd'
const largestDescriptor = 8192

/**
 * Writes Parallels images, version 2 (`WithouFreSpacExt`), in clusters of 1 MiB: `expanding`, a single `.hds`, or `bundle`,
 * whose image is `DiskDescriptor.xml` and whose one part is the `.hds`.
 */
export const parallelsWriter: WriterFormat = {
  format: 'parallels',
  unit: clusterSize,
  hasIdentity: true,
  stateSize: (options) => blockStateSize(layoutOf(options)),
  open: (options) => (isBundle(options) ? openBundleWriter(options) : openHdsWriter(options)),
  parts: (options) => (isBundle(options) ? [bundleImageName(options.name ?? plainName)] : []),
  measure({ virtualSize, dataBytes, subformat }) {
    const whole = Math.ceil(virtualSize / clusterSize) * clusterSize
    const descriptor = isBundle({ subformat }) ? largestDescriptor : 0
    return layoutOf({ virtualSize }).dataAt + Math.min(dataBytes, whole) + descriptor
  },
}

function isBundle({ subformat }: Pick<DiskWriterOptions, 'subformat'>): boolean {
  return subformat === 'bundle'
}

function openHdsWriter(options: DiskWriterOptions): DiskWriter {
  const layout = layoutOf(options)
  return blockWriter({
    layout,
    state: options.state,
    finish: (places) => finalWrites(layout, places),
    fileSize: (count) => layout.dataAt + count * clusterSize,
  })
}

function openBundleWriter(options: DiskWriterOptions): DiskWriter {
  const { virtualSize, id, name = plainName } = options
  const image = openHdsWriter(options)
  const descriptor = bundleDescriptor({ virtualSize, clusterSize, name, id })
  return {
    prepare: (index, chunk) => image.prepare(index, chunk),
    place: (prepared) => image.place(prepared),
    *writes(prepared) {
      for (const write of image.writes(prepared)) yield { ...write, file: 1 }
    },
    *finish() {
      for (const write of image.finish()) yield { ...write, file: 1 }
      yield { at: 0, bytes: descriptor }
    },
    fileSize: (file = 0) => (file === 0 ? descriptor.length : image.fileSize()),
  }
}

function layoutOf({
  virtualSize,
  subformat = 'expanding',
}: Pick<DiskWriterOptions, 'virtualSize' | 'subformat'>): BlockLayout {
  const [file, format] = ['new Parallels image', 'Parallels']
  assertSize('parallels', { virtualSize, subformat })
  if (subformat !== 'expanding' && subformat !== 'bundle') {
    throw new DiskError('unsupported-feature', { file, format, feature: `subformat ${subformat}` })
  }
  const batEnd = hdsHeader.size + Math.ceil(virtualSize / clusterSize) * 4
  const dataAt = Math.ceil(batEnd / clusterSize) * clusterSize
  return { virtualSize, blockSize: clusterSize, dataAt, prefix: new Uint8Array(), isFixed: false }
}

function* finalWrites({ virtualSize, dataAt }: BlockLayout, places: BlockPlaces): Generator<FileWrite> {
  const batEntries = Math.ceil(virtualSize / clusterSize)
  const firstCluster = dataAt / clusterSize
  for (let first = 0; first < batEntries; first += batPart / 4) {
    const count = Math.min(batPart / 4, batEntries - first)
    const view = new DataView(new ArrayBuffer(count * 4))
    for (let index = 0; index < count; index += 1) {
      const place = places.placeOf(first + index)
      view.setUint32(index * 4, place < 0 ? 0 : firstCluster + place, true)
    }
    yield { at: hdsHeader.size + first * 4, bytes: new Uint8Array(view.buffer) }
  }
  const sectors = virtualSize / sectorSize
  const header: HdsHeader = {
    magic: 'WithouFreSpacExt',
    version: 2,
    heads,
    cylinders: Math.ceil(sectors / (heads * sectorsPerTrack)) % twoTo32,
    tracks: clusterSize / sectorSize,
    batEntries,
    sectors: sectors % twoTo32,
    sectorsHigh: Math.floor(sectors / twoTo32),
    inUse: 0,
    dataOffset: dataAt / sectorSize,
    flags: 0,
    extensionOffset: 0,
  }
  yield { at: 0, bytes: hdsHeader.write(header) }
}
