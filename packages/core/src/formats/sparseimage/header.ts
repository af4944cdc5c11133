import { readRange } from '../../binary/byte-source.ts'
import { ascii, u32be } from '../../binary/fields.ts'
import { struct } from '../../binary/struct.ts'
import { DiskError } from '../../problems/disk-error.ts'
import { absentBlock } from '../block-map/block-table.ts'
import type { ImageFile } from '../../image/image-files.ts'

const sectorSize = 512
/** Bytes of the header with its table; the first band follows. */
export const headerBlock = 4096
const maxBandSize = 2 ** 30

/** libmodi, "Sparse disk image format", header; the table of bands follows. */
export const sparseHeader = struct('sparse image header', 64, {
  signature: [0, ascii(4)],
  version: [4, u32be],
  sectorsPerBand: [8, u32be],
  flags: [12, u32be],
  sectors: [16, u32be],
})
/** Bands whose numbers fit the first header. */
export const bandsInHeader = (headerBlock - sparseHeader.size) / 4

/** What a sparse image says about itself, checked against the file. */
export interface SparseImage {
  readonly virtualSize: number
  readonly bandSize: number
  /** Where each band of the disk starts in the file; `absentBlock` for the others. */
  readonly places: Float64Array
}

/** Reads and checks header and table; throws a coded error for what cannot be read right. */
export async function readSparseImage({ source, path }: ImageFile): Promise<SparseImage> {
  const end = Math.min(source.size, headerBlock)
  const bytes = await readRange(source, { start: 0, end }, sparseHeader.name)
  const header = sparseHeader.read(bytes, path)
  if (header.signature !== 'sprs') throw damaged(path, 'its signature is missing', 0)
  if (header.version !== 3) {
    throw new DiskError('unsupported-feature', {
      file: path,
      format: 'sparse image',
      feature: `version ${header.version}`,
    })
  }
  const bandSize = header.sectorsPerBand * sectorSize
  if (bandSize === 0 || bandSize > maxBandSize) {
    throw damaged(path, `a band of ${header.sectorsPerBand} sectors`, 8)
  }
  const virtualSize = header.sectors * sectorSize
  const bandCount = Math.ceil(virtualSize / bandSize)
  if (bandCount > bandsInHeader) {
    const feature = `${bandCount} bands, more than fit the first header; the layout of further ones is not public`
    throw new DiskError('unsupported-feature', { file: path, format: 'sparse image', feature })
  }
  if (bytes.length < headerBlock) {
    throw new DiskError('truncated', {
      file: path,
      structure: sparseHeader.name,
      wanted: headerBlock,
      available: bytes.length,
    })
  }
  const places = placesOf(bytes, { path, bandSize, bandCount })
  places.forEach((at, band) => {
    const length = Math.min(bandSize, virtualSize - band * bandSize)
    if (at === absentBlock || at + length <= source.size) return
    throw damaged(path, `band ${band} lies at ${at}, past the end of the file at ${source.size}`)
  })
  return { virtualSize, bandSize, places }
}

interface Bands {
  readonly path: string
  readonly bandSize: number
  readonly bandCount: number
}

/** The table is in the order of the file: entry i is the band of the disk, counted from 1, that is stored as band i. */
function placesOf(bytes: Uint8Array, { path, bandSize, bandCount }: Bands): Float64Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const places = new Float64Array(bandCount).fill(absentBlock)
  for (let index = 0; index < bandsInHeader; index += 1) {
    const offset = sparseHeader.size + index * 4
    const band = view.getUint32(offset)
    if (band === 0) continue
    if (band > bandCount) throw damaged(path, `it names band ${band} of ${bandCount}`, offset)
    if (places[band - 1] !== absentBlock) throw damaged(path, `it names band ${band} twice`, offset)
    places[band - 1] = headerBlock + index * bandSize
  }
  return places
}

function damaged(file: string, reason: string, offset?: number): DiskError {
  return new DiskError('corrupt', {
    file,
    structure: sparseHeader.name,
    reason,
    ...(offset === undefined ? {} : { offset }),
  })
}
