import { readRange, type ByteSource } from '../../binary/byte-source.ts'
import { DiskError, isDiskError } from '../../problems/disk-error.ts'
import type { Problem } from '../../problems/problem.ts'
import { sectorSize, type SparseLayout } from './sparse-header.ts'

/** Bytes of grain tables kept in memory per extent. */
const cacheLimit = 8 * 1024 * 1024
/** Bytes of neighbouring grain tables read in one go. */
const readAhead = 64 * 1024

/** The grain tables of a sparse extent; entries are sectors of the file, 0 for an absent grain. */
export interface GrainTables {
  /** What is wrong with the directory though it can be read. */
  readonly problems: readonly Problem[]
  /** Whether the grains of table `index` are all absent because there is no table. */
  isAbsent(index: number): boolean
  /** Byte of the file where table `index` lies. */
  offsetOf(index: number): number
  /** The table when it is in memory. */
  cached(index: number): Uint32Array | undefined
  /** The table, read when it must be; throws `truncated` and `input-output`. */
  load(index: number): Promise<Uint32Array>
}

/** Reads the grain directory, or its second copy when the first is damaged; throws when both are. */
export async function openGrainTables(source: ByteSource, layout: SparseLayout): Promise<GrainTables> {
  const { directory, problems } = await readDirectory(source, layout)
  const { tableEntries } = layout
  const tableSize = tableEntries * 4
  const tableSectors = Math.ceil(tableSize / sectorSize)
  const cache = new Map<number, Uint32Array>()
  const cacheCount = Math.floor(cacheLimit / tableSize)

  const remember = (index: number, table: Uint32Array) => {
    cache.delete(index)
    cache.set(index, table)
    for (const oldest of cache.keys()) {
      if (cache.size <= cacheCount) break
      cache.delete(oldest)
    }
  }
  /** Tables from `index` on that lie one after the other in the file. */
  const neighbours = (index: number): number => {
    const most = Math.max(1, Math.floor(readAhead / (tableSectors * sectorSize)))
    const first = directory[index] ?? 0
    let count = 1
    while (count < most && directory[index + count] === first + count * tableSectors) count += 1
    return count
  }
  return {
    problems,
    isAbsent: (index) => (directory[index] ?? 0) === 0,
    offsetOf: (index) => (directory[index] ?? 0) * sectorSize,
    cached(index) {
      const table = cache.get(index)
      if (table) remember(index, table)
      return table
    },
    async load(index) {
      const count = neighbours(index)
      const start = (directory[index] ?? 0) * sectorSize
      const end = start + (count - 1) * tableSectors * sectorSize + tableSize
      const bytes = await readRange(source, { start, end }, 'VMDK grain table')
      let first: Uint32Array | null = null
      for (let i = 0; i < count; i += 1) {
        const table = toUint32s(bytes.subarray(i * tableSectors * sectorSize), tableEntries)
        first ??= table
        remember(index + i, table)
      }
      return first ?? new Uint32Array(tableEntries)
    },
  }
}

interface Directory {
  readonly directory: Uint32Array
  readonly problems: readonly Problem[]
}

async function readDirectory(source: ByteSource, layout: SparseLayout): Promise<Directory> {
  try {
    return { directory: await readDirectoryAt(source, layout, layout.directoryAt), problems: [] }
  } catch (error) {
    const { redundantDirectoryAt } = layout
    if (redundantDirectoryAt === null || !isDiskError(error) || isDiskError(error, 'input-output'))
      throw error
    return {
      directory: await secondCopy(source, layout, { at: redundantDirectoryAt, error }),
      problems: [redundantUsed(source.name, error, layout.directoryAt)],
    }
  }
}

async function secondCopy(
  source: ByteSource,
  layout: SparseLayout,
  { at, error }: { at: number; error: DiskError },
): Promise<Uint32Array> {
  try {
    return await readDirectoryAt(source, layout, at)
  } catch (second) {
    if (isDiskError(second, 'input-output')) throw second
    throw error
  }
}

async function readDirectoryAt(source: ByteSource, layout: SparseLayout, at: number): Promise<Uint32Array> {
  const { directoryEntries, tableEntries } = layout
  const bytes = await readRange(source, { start: at, end: at + directoryEntries * 4 }, 'VMDK grain directory')
  const directory = toUint32s(bytes, directoryEntries)
  const lastTable = source.size - tableEntries * 4
  for (let index = 0; index < directoryEntries; index += 1) {
    const tableAt = (directory[index] ?? 0) * sectorSize
    if (tableAt === 0 || tableAt <= lastTable) continue
    throw new DiskError('corrupt', {
      file: source.name,
      structure: 'VMDK grain directory',
      reason: `entry ${index} names a grain table at ${tableAt}, past the end of the file at ${source.size}`,
      offset: at + index * 4,
    })
  }
  return directory
}

function redundantUsed(file: string, error: DiskError, offset: number): Problem {
  return {
    id: 'vmdk-redundant-directory-used',
    severity: 'warn',
    layer: 'L2',
    file,
    message: `The grain directory is damaged; its second copy is used instead. ${error.message}`,
    remedy: 'Copy the disk to a new image while it can be read.',
    offset,
  }
}

const isLittleEndian = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1

function toUint32s(bytes: Uint8Array, count: number): Uint32Array {
  const own = bytes.slice(0, count * 4)
  if (isLittleEndian) return new Uint32Array(own.buffer)
  const view = new DataView(own.buffer)
  return Uint32Array.from({ length: count }, (_, index) => view.getUint32(index * 4, true))
}
