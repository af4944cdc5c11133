import { DiskError } from '../../problems/disk-error.ts'
import type { DiskWriter, DiskWriterOptions, WriterFormat } from '../../image/disk-writer.ts'
import { parentOfNew } from '../overlay-fault.ts'
import { splitParts } from '../writable-formats.ts'
import { assertSize } from '../writable-sizes.ts'
import { flatWriter } from './flat-writer.ts'
import { sectorSize } from './sparse-header.ts'
import { descriptorSectors, grainSize, placeSparse } from './sparse-layout.ts'
import { sparseStateSize, sparseWriter } from './sparse-writer.ts'
import { largestStream, streamStateSize, streamWriter } from './stream-writer.ts'
import { descriptorBytes, fitsDescriptor, parentCid, type WrittenExtent } from './write-descriptor.ts'

/** Whole chunks; with its tables such a part stays below 2 GiB, which is what split disks are for. */
const splitSize = splitParts.size
const plainName = 'disk.vmdk'
/** A descriptor with 999 extents is smaller. */
const maxDescriptor = 512 * 1024

type Sized = Pick<DiskWriterOptions, 'virtualSize' | 'subformat'>
type Named = Sized & Pick<DiskWriterOptions, 'name'>

/** The kinds of VMDK that Varve writes, as `createType` names them. */
const subformats = [
  'monolithicSparse',
  'streamOptimized',
  'monolithicFlat',
  'twoGbMaxExtentSparse',
  'twoGbMaxExtentFlat',
] as const
type Subformat = (typeof subformats)[number]

/**
 * Writes VMDK: `monolithicSparse` (the usual one), `streamOptimized`, and as a descriptor with parts `monolithicFlat`,
 * `twoGbMaxExtentSparse` and `twoGbMaxExtentFlat`. Grains are 64 KiB; grains of zeros are absent. Over another VMDK a
 * `monolithicSparse` one holds the grains that differ.
 */
export const vmdkWriter: WriterFormat = {
  format: 'vmdk',
  unit: grainSize,
  hasIdentity: true,
  stateSize(options) {
    const { virtualSize } = options
    const subformat = subformatOf(options)
    assertParent(options)
    if (subformat === 'streamOptimized') return streamStateSize(virtualSize)
    return sparseStateSize(partCount(options))
  },
  open: openVmdkWriter,
  parts(options) {
    const subformat = subformatOf(options)
    if (subformat === 'monolithicSparse' || subformat === 'streamOptimized') return []
    return extentsOf(options).map(({ name }) => name)
  },
  measure(options) {
    const { virtualSize, dataBytes } = options
    const grains = Math.ceil(Math.min(dataBytes, virtualSize) / grainSize)
    switch (subformatOf(options)) {
      case 'streamOptimized':
        return largestStream(virtualSize, grains)
      case 'monolithicFlat':
      case 'twoGbMaxExtentFlat':
        return virtualSize + maxDescriptor
      case 'monolithicSparse':
        return placeSparse(virtualSize, { hasDescriptor: true }).overHead * sectorSize + grains * grainSize
      case 'twoGbMaxExtentSparse': {
        const overHeads = extentsOf({ ...options, name: plainName }).map(
          ({ length }) => placeSparse(length, { hasDescriptor: false }).overHead,
        )
        const metadata = overHeads.reduce((sum, overHead) => sum + overHead, 0) * sectorSize
        return metadata + grains * grainSize + maxDescriptor
      }
    }
  },
}

function openVmdkWriter(options: DiskWriterOptions): DiskWriter {
  const { virtualSize, state, compressors, id, choices: { backing, identity } = {} } = options
  const createType = subformatOf(options)
  const extents = extentsOf(options)
  assertParent(options)
  const descriptor = roomFor(createType, {
    file: options.name ?? plainName,
    bytes: descriptorBytes({ createType, virtualSize, id, extents, backing, identity }),
  })
  switch (createType) {
    case 'streamOptimized':
      return streamWriter({ virtualSize, compressors, descriptor, state })
    case 'monolithicSparse': {
      const places = placeSparse(virtualSize, { hasDescriptor: true })
      const parts = [{ file: 0, start: 0, places }]
      return sparseWriter({ virtualSize, parts, spread: virtualSize, descriptor, state })
    }
    case 'twoGbMaxExtentSparse': {
      const parts = extents.map(({ length }, order) => ({
        file: order + 1,
        start: order * splitSize,
        places: placeSparse(length, { hasDescriptor: false }),
      }))
      return sparseWriter({ virtualSize, parts, spread: splitSize, descriptor, state })
    }
    case 'monolithicFlat':
      return flatWriter({ options, spread: virtualSize, descriptor })
    case 'twoGbMaxExtentFlat':
      return flatWriter({ options, spread: splitSize, descriptor })
  }
}

/** Throws `refused` for a parent that it cannot have, or cannot name. */
function assertParent(options: Sized & Pick<DiskWriterOptions, 'choices'>): void {
  const { backing } = options.choices ?? {}
  if (parentOfNew('vmdk', options) && backing) parentCid(backing)
}

/** Throws `refused` for a descriptor that does not fit into the room that it has in the image. */
function roomFor(
  createType: Subformat,
  { file, bytes }: { readonly file: string; readonly bytes: Uint8Array },
) {
  const room = createType === 'monolithicSparse' ? descriptorSectors * sectorSize : maxDescriptor
  if (bytes.length <= room) return bytes
  throw new DiskError('refused', {
    file,
    reason: `its embedded descriptor has room for ${room} bytes, and ${bytes.length} are needed`,
    remedy: 'Put the parent where it has a shorter path, and give the image a shorter name.',
  })
}

function subformatOf({ virtualSize, subformat = 'monolithicSparse' }: Sized): Subformat {
  const file = 'new VMDK'
  const found = subformats.find((name) => name === subformat)
  if (!found) {
    throw new DiskError('unsupported-feature', { file, format: 'VMDK', feature: `subformat ${subformat}` })
  }
  assertSize('vmdk', { virtualSize, subformat })
  return found
}

function partCount({ virtualSize, subformat = '' }: Sized): number {
  return subformat.startsWith('twoGb') ? Math.ceil(virtualSize / splitSize) : 1
}

/** The extents as the descriptor names them; throws `refused` for a name that a descriptor cannot hold. */
function extentsOf(options: Named): WrittenExtent[] {
  const { virtualSize, name = plainName } = options
  switch (subformatOf(options)) {
    case 'streamOptimized':
    case 'monolithicSparse':
      return [{ type: 'SPARSE', length: virtualSize, name: fitsDescriptor(name) ? name : plainName }]
    case 'monolithicFlat':
      return [{ type: 'FLAT', length: virtualSize, name: `${stemOf(name)}-flat.vmdk` }]
    case 'twoGbMaxExtentSparse':
      return splitExtents(virtualSize, { type: 'SPARSE', prefix: `${stemOf(name)}-s` })
    case 'twoGbMaxExtentFlat':
      return splitExtents(virtualSize, { type: 'FLAT', prefix: `${stemOf(name)}-f` })
  }
}

function splitExtents(
  virtualSize: number,
  { type, prefix }: { readonly type: 'SPARSE' | 'FLAT'; readonly prefix: string },
): WrittenExtent[] {
  return Array.from({ length: Math.ceil(virtualSize / splitSize) }, (_, order) => ({
    type,
    length: Math.min(splitSize, virtualSize - order * splitSize),
    name: `${prefix}${String(order + 1).padStart(3, '0')}.vmdk`,
  }))
}

/** The name without its extension; throws `refused` when a descriptor cannot hold it. */
function stemOf(name: string): string {
  if (fitsDescriptor(name)) return name.replace(/\.vmdk$/iu, '')
  throw new DiskError('refused', {
    file: name,
    reason:
      'the descriptor of a VMDK cannot name parts with quotes or control characters in their names, or with the name of a device',
    remedy: 'Choose another name.',
  })
}
