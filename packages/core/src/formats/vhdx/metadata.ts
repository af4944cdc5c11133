import { readRange, type ByteSource } from '../../binary/byte-source.ts'
import { labelOf, signatureOf } from '../../binary/text.ts'
import { formatGuid } from '../../binary/uuid.ts'
import { DiskError } from '../../problems/disk-error.ts'
import type { Problem } from '../../problems/problem.ts'
import type { ParentReference } from '../../image/image-facts.ts'
import type { ImageFile } from '../../image/image-files.ts'
import { oncePerFile } from '../../image/once-per-file.ts'
import { readActiveHeader } from './active-header.ts'
import { batShape, entrySize, type BatShape } from './bat.ts'
import {
  damaged,
  fileIdentifier,
  fileParameterFlags,
  fileParameters,
  mib,
  uint32Item,
  uint64Item,
  type VhdxHeader,
} from './header.ts'
import { replayLog } from './log.ts'
import { readMetadataTable, type MetadataItems } from './metadata-items.ts'
import { readParent } from './parent.ts'
import { readRegions, type Regions } from './regions.ts'

const maxVirtualSize = 64 * 1024 ** 4
const maxBlockSize = 256 * mib

export type VhdxType = 'fixed' | 'dynamic' | 'differencing'

/** What a VHDX says about itself, checked against the file. */
export interface VhdxMetadata {
  /** The file, its log replayed. */
  readonly source: ByteSource
  readonly creator: string | null
  readonly header: VhdxHeader
  readonly type: VhdxType
  readonly virtualSize: number
  readonly logicalSectorSize: number
  readonly physicalSectorSize: number
  readonly virtualDiskId: string
  readonly regions: Regions
  readonly bat: BatShape
  readonly parent: ParentReference | null
  readonly problems: readonly Problem[]
}

/** Reads and checks everything but the blocks; throws a coded error for what cannot be read right. */
export const readVhdxMetadata = oncePerFile(readMetadata)

async function readMetadata(file: ImageFile): Promise<VhdxMetadata> {
  const { path } = file
  const creator = await readCreator(file)
  const active = await readActiveHeader(file)
  const { header } = active
  const { source, problems } = active.isDirty
    ? await replayLog(file, header)
    : { source: file.source, problems: [] }
  const regions = await readRegions({ source, path, header })
  const items = await readMetadataTable({ source, path, region: regions.metadata })
  const disk = await readDiskItems(items, path)
  const bat = batShape(disk)
  const { start, end } = regions.bat
  if (bat.entryCount * entrySize > end - start) {
    const reason = `it has ${end - start} bytes, ${bat.entryCount} entries need ${bat.entryCount * entrySize}`
    throw damaged(path, 'VHDX BAT', { reason, offset: start })
  }
  const { virtualSize, logicalSectorSize, physicalSectorSize, virtualDiskId, hasParent } = disk
  return {
    source,
    creator,
    header,
    type: hasParent ? 'differencing' : disk.isFixed ? 'fixed' : 'dynamic',
    virtualSize,
    logicalSectorSize,
    physicalSectorSize,
    virtualDiskId,
    regions,
    bat,
    parent: hasParent ? readParent(await items.read('parentLocator'), file) : null,
    problems: [...active.problems, ...problems, ...regions.problems],
  }
}

async function readCreator({ source, path }: ImageFile): Promise<string | null> {
  const bytes = await readRange(source, { start: 0, end: fileIdentifier.size }, 'VHDX file identifier')
  if (signatureOf(bytes, 0, 8) !== 'vhdxfile')
    throw damaged(path, 'VHDX file identifier', { reason: 'its signature is missing', offset: 0 })
  return labelOf(bytes.subarray(8), 'utf-16le')
}

interface DiskItems {
  readonly virtualSize: number
  readonly blockSize: number
  readonly isFixed: boolean
  readonly hasParent: boolean
  readonly logicalSectorSize: number
  readonly physicalSectorSize: number
  readonly virtualDiskId: string
}

async function readDiskItems(items: MetadataItems, path: string): Promise<DiskItems> {
  const { blockSize, flags } = fileParameters.read(await items.read('fileParameters'), path)
  const { value: virtualSize } = uint64Item.read(await items.read('virtualDiskSize'), path)
  const { value: logicalSectorSize } = uint32Item.read(await items.read('logicalSectorSize'), path)
  const { value: physicalSectorSize } = uint32Item.read(await items.read('physicalSectorSize'), path)
  const diskId = await items.read('virtualDiskId')
  const say = (reason: string) => new DiskError('corrupt', { file: path, structure: 'VHDX metadata', reason })
  if (!Number.isInteger(Math.log2(blockSize)) || blockSize < mib || blockSize > maxBlockSize)
    throw say(`a block of ${blockSize} bytes is not a power of two from 1 MiB to 256 MiB`)
  if (logicalSectorSize !== 512 && logicalSectorSize !== 4096)
    throw say(`logical sectors of ${logicalSectorSize} bytes are neither 512 nor 4096`)
  if (physicalSectorSize !== 512 && physicalSectorSize !== 4096)
    throw say(`physical sectors of ${physicalSectorSize} bytes are neither 512 nor 4096`)
  if (diskId.length !== 16) throw say(`a virtual disk ID of ${diskId.length} bytes`)
  if (virtualSize > maxVirtualSize) {
    throw new DiskError('limit-exceeded', {
      file: path,
      what: 'VHDX virtual disk size',
      value: virtualSize,
      limit: maxVirtualSize,
    })
  }
  if (virtualSize % logicalSectorSize !== 0)
    throw say(`${virtualSize} bytes are not whole sectors of ${logicalSectorSize}`)
  return {
    virtualSize,
    blockSize,
    isFixed: (flags & fileParameterFlags.leaveBlocksAllocated) !== 0,
    hasParent: (flags & fileParameterFlags.hasParent) !== 0,
    logicalSectorSize,
    physicalSectorSize,
    virtualDiskId: formatGuid(diskId),
  }
}
