import { assertMark } from '../../image/assert-mark.ts'
import { readRange } from '../../binary/byte-source.ts'
import { formatUuid } from '../../binary/uuid.ts'
import { u64be } from '../../binary/fields.ts'
import { DiskError } from '../../problems/disk-error.ts'
import type { ImageFile } from '../../image/image-files.ts'
import { asifHeader, type AsifHeader } from './header.ts'

const minChunkSize = 64 * 1024
const maxChunkSize = 16 * 1024 ** 2
const blockSizes: ReadonlySet<number> = new Set([512, 4096])
/** Tables of an image, at most: with chunks of 1 MiB they cover just under 4 PiB. */
const maxTables = 65_536

/** What an ASIF image says about itself, checked against the file. */
export interface AsifMetadata {
  readonly header: AsifHeader
  readonly virtualSize: number
  readonly chunkSize: number
  /** Data entries in front of each bitmap entry of a table. */
  readonly groupLength: number
  /** Data entries of a table. */
  readonly tableLength: number
  /** Where each table starts in the file; 0 for those that are not there. */
  readonly tables: Float64Array
  readonly sequence: number
  readonly uuid: string
}

/** Reads header and the newer directory; throws a coded error for what cannot be read right. */
export async function readAsifMetadata(file: ImageFile): Promise<AsifMetadata> {
  const { source, path } = file
  const end = Math.min(source.size, asifHeader.size)
  const bytes = await readRange(source, { start: 0, end }, asifHeader.name)
  assertMark(bytes, { file: path, structure: asifHeader.name, format: 'asif' })
  const header = asifHeader.read(bytes, path)
  const { chunkSize, blockSize, sectorCount } = header
  if (header.version !== 1) {
    const feature = `version ${header.version}`
    throw new DiskError('unsupported-feature', { file: path, format: 'ASIF', feature })
  }
  if (!Number.isInteger(Math.log2(chunkSize)) || chunkSize < minChunkSize || chunkSize > maxChunkSize) {
    throw damaged(path, `a chunk of ${chunkSize} bytes`, 64)
  }
  if (!blockSizes.has(blockSize)) throw damaged(path, `a block of ${blockSize} bytes`, 68)
  const virtualSize = sectorCount * blockSize
  if (!Number.isSafeInteger(virtualSize)) throw damaged(path, `${sectorCount} sectors`, 48)
  const groupLength = 4 * blockSize
  const groups = Math.floor(chunkSize / (8 * (groupLength + 1)))
  const tableLength = groups * groupLength
  if (groups === 0)
    throw damaged(path, `a chunk of ${chunkSize} bytes holds no group of ${groupLength} entries`, 64)
  const tableCount = Math.ceil(virtualSize / chunkSize / tableLength)
  if (tableCount > maxTables) {
    throw new DiskError('limit-exceeded', {
      file: path,
      what: 'number of ASIF tables',
      value: tableCount,
      limit: maxTables,
    })
  }
  const directory = await newerDirectory(file, header, tableCount)
  return {
    header,
    virtualSize,
    chunkSize,
    groupLength,
    tableLength,
    ...directory,
    uuid: formatUuid(header.uuid),
  }
}

interface Directory {
  readonly sequence: number
  readonly tables: Float64Array
}

/** Of the two directories the one with the higher sequence number counts. */
async function newerDirectory(
  { source, path }: ImageFile,
  { directoryA, directoryB, chunkSize }: AsifHeader,
  tableCount: number,
): Promise<Directory> {
  const [first, second] = await Promise.all(
    [directoryA, directoryB].map(async (start) => {
      const bytes = await readRange(source, { start, end: start + 8 }, 'ASIF directory')
      const view = new DataView(bytes.buffer)
      return { start, sequence: u64be.read(view, 0, { file: path, what: 'ASIF directory, sequence' }) }
    }),
  )
  if (!first || !second) throw damaged(path, 'it has no directories', 16)
  const { start, sequence } = second.sequence > first.sequence ? second : first
  const tablesAt = start + 8
  const bytes = await readRange(source, { start: tablesAt, end: tablesAt + tableCount * 8 }, 'ASIF directory')
  const view = new DataView(bytes.buffer)
  const tables = new Float64Array(tableCount)
  const owners = new Map<number, number>()
  for (let index = 0; index < tableCount; index += 1) {
    const chunk = u64be.read(view, index * 8, { file: path, what: 'ASIF directory, table' })
    if (chunk !== 0 && (chunk + 1) * chunkSize > source.size) {
      throw damaged(
        path,
        `table ${index} lies in chunk ${chunk}, past the end of the file`,
        tablesAt + index * 8,
      )
    }
    const owner = owners.get(chunk)
    if (chunk !== 0 && owner !== undefined)
      throw damaged(path, `tables ${owner} and ${index} are both chunk ${chunk}`, tablesAt + index * 8)
    owners.set(chunk, index)
    tables[index] = chunk * chunkSize
  }
  return { sequence, tables }
}

function damaged(file: string, reason: string, offset: number): DiskError {
  return new DiskError('corrupt', { file, structure: asifHeader.name, reason, offset })
}
