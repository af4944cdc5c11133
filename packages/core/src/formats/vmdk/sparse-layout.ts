import { sectorSize } from './sparse-header.ts'

/** Bytes of a grain that Varve writes; the usual size. */
export const grainSize = 64 * 1024
export const grainSectors = grainSize / sectorSize
/** Entries of a grain table, and its sectors. */
export const tableEntries = 512
export const tableSectors = (tableEntries * 4) / sectorSize
/** Bytes of the disk that one grain table stands for. */
export const tableSpan = grainSize * tableEntries
/** Room for an embedded descriptor. */
export const descriptorSectors = 20
/** A grain table entry is a sector in 32 bits. */
export const maxFileSectors = 0x1_0000_0000

/** Where everything of a hosted sparse extent lies that is written with all its tables; in sectors. */
export interface SparsePlaces {
  /** Bytes of the disk that it holds. */
  readonly capacity: number
  readonly tables: number
  /** 0: none. */
  readonly descriptorAt: number
  readonly redundantDirectoryAt: number
  readonly redundantTablesAt: number
  readonly directoryAt: number
  readonly tablesAt: number
  /** Where the first grain starts. */
  readonly overHead: number
}

/** Header, descriptor, the redundant directory and its tables, the directory and its tables, then grains. */
export function placeSparse(
  capacity: number,
  { hasDescriptor }: { readonly hasDescriptor: boolean },
): SparsePlaces {
  const tables = Math.ceil(capacity / tableSpan)
  const directorySectors = directorySectorsOf(tables)
  const redundantDirectoryAt = 1 + (hasDescriptor ? descriptorSectors : 0)
  const redundantTablesAt = redundantDirectoryAt + directorySectors
  const directoryAt = redundantTablesAt + tables * tableSectors
  const tablesAt = directoryAt + directorySectors
  const metadataEnd = tablesAt + tables * tableSectors
  return {
    capacity,
    tables,
    descriptorAt: hasDescriptor ? 1 : 0,
    redundantDirectoryAt,
    redundantTablesAt,
    directoryAt,
    tablesAt,
    overHead: Math.ceil(metadataEnd / grainSectors) * grainSectors,
  }
}

/** Sectors of a grain directory of that many tables. */
export function directorySectorsOf(tables: number): number {
  return Math.ceil((tables * 4) / sectorSize)
}
