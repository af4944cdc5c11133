import { readRange } from '../../binary/byte-source.ts'
import { formatUuid } from '../../binary/uuid.ts'
import { DiskError } from '../../problems/disk-error.ts'
import type { Problem } from '../../problems/problem.ts'
import type { ParentReference } from '../../image/image-facts.ts'
import type { ImageFile } from '../../image/image-files.ts'
import { oncePerFile } from '../../image/once-per-file.ts'
import type { ReadingChoices } from '../../image/reading-choices.ts'
import {
  checksumAt,
  checksumOf,
  diskTypeOf,
  dynamicHeader,
  footer,
  footerSize,
  sectorSize,
  type DiskType,
  type DynamicHeader,
  type Footer,
} from './header.ts'
import { readParent } from './parent.ts'
import { sizesOf, virtualSizeOf, type SizeBy, type VhdSizes } from './sizes.ts'

/** 2 TiB less the room of the tables: no VHD is larger (DOMAIN.md section 2 says 2,040 GiB; geometry may round up). */
const maxVirtualSize = 2 * 1024 ** 4
const minBlockSize = 4096
const maxBlockSize = 256 * 1024 ** 2

/** The block allocation table of a dynamic or differencing disk, checked against the file. */
export interface BlockLayout {
  readonly header: DynamicHeader
  readonly tableAt: number
  readonly blockSize: number
  readonly blockCount: number
  /** Bytes of the sector bitmap in front of each block's data. */
  readonly bitmapSize: number
}

/** What a VHD says about itself, checked. */
export interface VhdMetadata {
  readonly footer: Footer
  readonly type: DiskType
  readonly uuid: string
  readonly virtualSize: number
  readonly sizes: VhdSizes
  /** Null for a fixed disk. */
  readonly blocks: BlockLayout | null
  readonly parent: ParentReference | null
  /** What is wrong though the disk can be read. */
  readonly problems: readonly Problem[]
}

/** Reads footer, dynamic header and parent locators; throws a coded error for what cannot be read right. */
export function readVhdMetadata(file: ImageFile, { vhdSize }: ReadingChoices = {}): Promise<VhdMetadata> {
  return readers[vhdSize ?? 'maker'](file)
}

/** One for each choice of the size, so that each is read once. */
const readers = {
  maker: oncePerFile((file: ImageFile) => readMetadata(file)),
  geometry: oncePerFile((file: ImageFile) => readMetadata(file, 'geometry')),
  current: oncePerFile((file: ImageFile) => readMetadata(file, 'current')),
}

async function readMetadata(file: ImageFile, chosen?: SizeBy): Promise<VhdMetadata> {
  const { path } = file
  const { found, footerAt, problems } = await readFooter(file)
  const type = diskTypeOf(found.diskType)
  if (type === null)
    throw damaged(path, 'VHD footer', `disk type ${found.diskType} is none of fixed, dynamic, differencing`)
  if (found.fileFormatVersion >>> 16 !== 1) {
    throw new DiskError('unsupported-feature', {
      file: path,
      format: 'VHD',
      feature: `format version ${found.fileFormatVersion >>> 16}`,
    })
  }
  const sizes = sizesOf(found)
  const virtualSize = virtualSizeOf(sizes, chosen)
  if (virtualSize > maxVirtualSize) {
    throw new DiskError('limit-exceeded', {
      file: path,
      what: 'size of the VHD',
      value: virtualSize,
      limit: maxVirtualSize,
    })
  }
  const shared = { footer: found, type, uuid: formatUuid(found.uniqueId), virtualSize, sizes }
  if (type === 'fixed') {
    if (virtualSize <= footerAt) return { ...shared, blocks: null, parent: null, problems }
    const instead = otherReading(shared, footerAt)
    throw new DiskError('truncated', {
      file: path,
      structure: 'fixed VHD',
      wanted: virtualSize,
      available: footerAt,
      ...(instead === null ? {} : { instead }),
    })
  }
  const { blocks, checksumProblem } = await readBlockLayout(file, found, virtualSize)
  const parent = type === 'differencing' ? await readParent(file, blocks.header) : null
  return { ...shared, blocks, parent, problems: checksumProblem ? [...problems, checksumProblem] : problems }
}

/** How to read a disk whose other size, which programs take as well, is just what is there; null: the file was cut. */
function otherReading(
  { sizes, virtualSize }: Pick<VhdMetadata, 'sizes' | 'virtualSize'>,
  available: number,
): string | null {
  const { geometry, current, isDisputed } = sizes
  const [other, name] = virtualSize === current ? [geometry, 'geometry'] : [current, 'current']
  if (!isDisputed || other !== available) return null
  return `Its footer gives another size, and that is just what is there: read it so with --read vhd-size=${name}.`
}

interface FoundFooter {
  readonly found: Footer
  /** Where the footer at the end starts; the end of the file when it has none. */
  readonly footerAt: number
  readonly problems: readonly Problem[]
}

/** The footer at the end (old ones have 511 bytes), or its copy at the start of a dynamic disk. */
async function readFooter({ source, path }: ImageFile): Promise<FoundFooter> {
  const { size } = source
  for (const length of [footerSize, footerSize - 1]) {
    if (size < length) continue
    const bytes = new Uint8Array(footerSize)
    await source.readInto(bytes.subarray(0, length), size - length)
    const found = footerIn(bytes, path)
    if (found)
      return {
        found,
        footerAt: size - length,
        problems: checksumProblems(path, bytes, { offset: size - length, what: 'footer' }),
      }
  }
  if (size >= footerSize) {
    const bytes = await readRange(source, { start: 0, end: footerSize }, 'VHD footer copy')
    const found = footerIn(bytes, path)
    if (found && found.dataOffset !== null) {
      return {
        found,
        footerAt: size,
        problems: [
          footerCopyUsed(path, size),
          ...checksumProblems(path, bytes, { offset: 0, what: 'footer' }),
        ],
      }
    }
  }
  throw damaged(path, 'VHD footer', 'neither the end nor the start of the file has one; it may be cut short')
}

function footerIn(bytes: Uint8Array, path: string): Footer | null {
  if (String.fromCharCode(...bytes.subarray(0, 8)) !== 'conectix') return null
  return footer.read(bytes, path)
}

interface ReadLayout {
  readonly blocks: BlockLayout
  readonly checksumProblem: Problem | null
}

async function readBlockLayout(
  { source, path }: ImageFile,
  { dataOffset }: Footer,
  virtualSize: number,
): Promise<ReadLayout> {
  const at = dataOffset ?? 0
  const bytes = await readRange(source, { start: at, end: at + dynamicHeader.size }, 'VHD dynamic header')
  const header = dynamicHeader.read(bytes, path)
  if (header.cookie !== 'cxsparse')
    throw damaged(path, 'VHD dynamic header', 'it does not start with cxsparse', at)
  const { blockSize, maxTableEntries, tableOffset } = header
  if (!Number.isInteger(Math.log2(blockSize)) || blockSize < minBlockSize || blockSize > maxBlockSize) {
    throw damaged(
      path,
      'VHD dynamic header',
      `a block of ${blockSize} bytes is not a power of two from 4 KiB to 256 MiB`,
      at + 32,
    )
  }
  const blockCount = Math.ceil(virtualSize / blockSize)
  if (maxTableEntries < blockCount) {
    throw damaged(
      path,
      'VHD dynamic header',
      `its table has ${maxTableEntries} entries and the disk ${blockCount} blocks`,
      at + 28,
    )
  }
  const tableEnd = tableOffset + maxTableEntries * 4
  if (tableEnd > source.size) {
    throw new DiskError('truncated', {
      file: path,
      structure: 'VHD block allocation table',
      wanted: maxTableEntries * 4,
      available: Math.max(0, source.size - tableOffset),
    })
  }
  const bitmapBytes = Math.ceil(blockSize / sectorSize / 8)
  const bitmapSize = Math.ceil(bitmapBytes / sectorSize) * sectorSize
  const [checksumProblem] = checksumProblems(path, bytes, { offset: at, what: 'dynamicHeader' })
  return {
    blocks: { header, tableAt: tableOffset, blockSize, blockCount, bitmapSize },
    checksumProblem: checksumProblem ?? null,
  }
}

interface Checked {
  readonly offset: number
  readonly what: keyof typeof checksumAt
}

/** Real images with a wrong checksum exist: a warning, not a refusal. */
function checksumProblems(path: string, bytes: Uint8Array, { offset, what }: Checked): Problem[] {
  const at = checksumAt[what]
  const stored = new DataView(bytes.buffer, bytes.byteOffset).getUint32(at)
  const computed = checksumOf(bytes, at)
  if (stored === computed) return []
  const name = what === 'footer' ? 'footer' : 'dynamic header'
  return [
    {
      id: 'vhd-checksum-wrong',
      severity: 'warn',
      layer: 'L2',
      file: path,
      message: `The checksum of the ${name} is ${stored.toString(16)}, its bytes give ${computed.toString(16)}.`,
      remedy: 'Compare the disk with another copy; converting it writes right checksums.',
      offset: offset + at,
    },
  ]
}

function footerCopyUsed(path: string, size: number): Problem {
  return {
    id: 'vhd-footer-copy-used',
    severity: 'warn',
    layer: 'L2',
    file: path,
    message: 'The footer at the end is missing; its copy at the start is used instead.',
    remedy: 'The file may have been cut short: compare it with another copy, then convert it to a new image.',
    offset: Math.max(0, size - footerSize),
  }
}

export function damaged(file: string, structure: string, reason: string, offset?: number): DiskError {
  return new DiskError('corrupt', { file, structure, reason, ...(offset === undefined ? {} : { offset }) })
}
