import { readRange, type ByteSource } from '../../binary/byte-source.ts'
import { ascii, u32le } from '../../binary/fields.ts'
import { struct } from '../../binary/struct.ts'
import { DiskError } from '../../problems/disk-error.ts'
import { maxDirectorySize, sectorSize, type SparseLayout } from './sparse-header.ts'

/** Entries of a grain table of a vmfsSparse extent. */
const tableEntries = 4096
const maxGrainSectors = 0x20_0000

/** "Virtual Disk Format 5.0", ESX Server Sparse Extents: COWDisk_Header; offsets and sizes in sectors. */
export const cowdHeader = struct('VMDK COWD header', 2048, {
  magic: [0, ascii(4)],
  version: [4, u32le],
  flags: [8, u32le],
  numSectors: [12, u32le],
  grainSize: [16, u32le],
  gdOffset: [20, u32le],
  numGDEntries: [24, u32le],
  freeSector: [28, u32le],
  uncleanShutdown: [1648, u32le],
})

/** The layout of a vmfsSparse extent, which is that of a hosted one with larger tables and no zero grains. */
export async function readCowdLayout(source: ByteSource): Promise<SparseLayout> {
  const file = source.name
  const bytes = await readRange(source, { start: 0, end: cowdHeader.size }, cowdHeader.name)
  const header = cowdHeader.read(bytes, file)
  if (header.version !== 1) {
    const feature = `COWD header version ${header.version}`
    throw new DiskError('unsupported-feature', { file, format: 'VMDK', feature })
  }
  const { grainSize: grainSectors, numSectors } = header
  const isPower = grainSectors > 0 && (grainSectors & (grainSectors - 1)) === 0
  if (!isPower || grainSectors > maxGrainSectors)
    throw damaged(file, `a grain of ${grainSectors} sectors is not a power of two from 1 to 2,097,152`, 16)
  const directoryEntries = Math.ceil(numSectors / (grainSectors * tableEntries))
  if (header.numGDEntries < directoryEntries)
    throw damaged(file, `${header.numGDEntries} grain tables; its size needs ${directoryEntries}`, 24)
  if (directoryEntries * 4 > maxDirectorySize) {
    const what = 'size of the VMDK grain directory'
    throw new DiskError('limit-exceeded', {
      file,
      what,
      value: directoryEntries * 4,
      limit: maxDirectorySize,
    })
  }
  return {
    version: header.version,
    capacity: numSectors * sectorSize,
    grainSize: grainSectors * sectorSize,
    tableEntries,
    directoryEntries,
    directoryAt: header.gdOffset * sectorSize,
    redundantDirectoryAt: null,
    isCompressed: false,
    hasZeroGrains: false,
    hasFooter: false,
    uncleanShutdown: header.uncleanShutdown !== 0,
    descriptor: null,
  }
}

function damaged(file: string, reason: string, offset: number): DiskError {
  return new DiskError('corrupt', { file, structure: cowdHeader.name, reason, offset })
}
