import { assertMark } from '../../image/assert-mark.ts'
import { readRange } from '../../binary/byte-source.ts'
import { formatGuid, isNil } from '../../binary/uuid.ts'
import { DiskError } from '../../problems/disk-error.ts'
import type { ContentMark, LayerIdentity, ParentReference } from '../../image/image-facts.ts'
import type { ImageFile, ImagePorts } from '../../image/image-files.ts'
import { oncePerFile } from '../../image/once-per-file.ts'
import { vdiHeader, vdiTypeOf, type VdiHeader, type VdiType } from './header.ts'
import { findVdiParent } from './parent.ts'

const minBlockSize = 4096
const maxBlockSize = 256 * 1024 ** 2
/** Blocks of a disk, at most: the map then has 512 MiB. */
const maxBlockCount = 2 ** 27

/** What a VDI says about itself, checked against the file. */
export interface VdiMetadata {
  readonly header: VdiHeader
  readonly type: VdiType
  readonly identity: LayerIdentity
  readonly content: ContentMark | undefined
  readonly parent: ParentReference | null
}

/** Reads and checks the header; throws a coded error for what cannot be read right. */
export const readVdiMetadata = oncePerFile(readMetadata)

async function readMetadata(file: ImageFile, ports: ImagePorts): Promise<VdiMetadata> {
  const { source, path } = file
  const bytes = await readRange(
    source,
    { start: 0, end: Math.min(source.size, vdiHeader.size) },
    'VDI header',
  )
  assertMark(bytes, { file: path, structure: vdiHeader.name, format: 'vdi' })
  const header = vdiHeader.read(bytes, path)
  if (header.version >>> 16 !== 1) {
    const feature = `format version ${header.version >>> 16}.${header.version & 0xffff}`
    throw new DiskError('unsupported-feature', { file: path, format: 'VDI', feature })
  }
  const type = vdiTypeOf(header.type)
  if (type === null) throw damaged(path, `image type ${header.type} is not known`, 76)
  checkBlocks(header, { path, fileSize: source.size })
  const content = markOf(header.uuidModify)
  const found = isNil(header.uuidLinkage) ? null : await findVdiParent(file, header, ports)
  const parent = found && { ...found, content: markOf(header.uuidParentModify) }
  if (parent === null && (type === 'differencing' || type === 'undo'))
    throw damaged(path, `a ${type} image without a parent`, 424)
  return { header, type, identity: { kind: 'uuid', uuid: formatGuid(header.uuidCreate) }, content, parent }
}

/** VirtualBox gives a disk a new modification UUID with the first write after it was opened. */
function markOf(uuid: Uint8Array): ContentMark | undefined {
  return isNil(uuid) ? undefined : { kind: 'uuid', uuid: formatGuid(uuid) }
}

function checkBlocks(header: VdiHeader, { path, fileSize }: { path: string; fileSize: number }): void {
  const { blockSize, blockExtra, blockCount, diskSize, offBlocks, offData } = header
  if (!Number.isInteger(Math.log2(blockSize)) || blockSize < minBlockSize || blockSize > maxBlockSize) {
    throw damaged(path, `a block of ${blockSize} bytes is not a power of two from 4 KiB to 256 MiB`, 376)
  }
  if (blockCount > maxBlockCount) {
    throw new DiskError('limit-exceeded', {
      file: path,
      what: 'number of VDI blocks',
      value: blockCount,
      limit: maxBlockCount,
    })
  }
  if (blockExtra > blockSize) throw damaged(path, `${blockExtra} extra bytes per block`, 380)
  if (diskSize > blockCount * blockSize)
    throw damaged(path, `${blockCount} blocks do not hold ${diskSize} bytes`, 384)
  const mapEnd = offBlocks + blockCount * 4
  if (offBlocks < vdiHeader.size || mapEnd > fileSize) {
    throw new DiskError('truncated', {
      file: path,
      structure: 'VDI block map',
      wanted: blockCount * 4,
      available: Math.max(0, fileSize - offBlocks),
    })
  }
  if (offData < mapEnd) throw damaged(path, `its data starts at ${offData}, inside the block map`, 344)
}

export function damaged(file: string, reason: string, offset: number): DiskError {
  return new DiskError('corrupt', { file, structure: 'VDI header', reason, offset })
}
