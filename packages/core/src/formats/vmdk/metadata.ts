import { readRange } from '../../binary/byte-source.ts'
import { DiskError } from '../../problems/disk-error.ts'
import { looksLikeVmdkDescriptor } from '../../image/detect-format.ts'
import type { ParentReference } from '../../image/image-facts.ts'
import type { ImageFile, ImagePorts } from '../../image/image-files.ts'
import { oncePerFile } from '../../image/once-per-file.ts'
import { findOwner, partRefusal } from './lone-part.ts'
import { maxDescriptorSize, parseDescriptor, type Descriptor, type ExtentLine } from './descriptor.ts'
import { readSparseLayout, sectorSize, type SparseLayout } from './sparse-header.ts'

/** What a VMDK says about itself, before any part of it is opened. */
export interface VmdkMetadata {
  readonly descriptor: Descriptor
  /** Of the file itself when its descriptor is embedded; null for a descriptor of its own. */
  readonly layout: SparseLayout | null
  readonly extents: readonly VmdkExtentLine[]
  readonly virtualSize: number
}

/** A line of the extent description, with its place on the disk in bytes. */
export interface VmdkExtentLine extends ExtentLine {
  readonly start: number
  readonly length: number
}

/** Reads header and descriptor; throws a coded error for what is damaged or hostile, `refused` for a part of a split disk. */
export async function readVmdkMetadata(
  file: ImageFile,
  { files }: Pick<ImagePorts, 'files'>,
): Promise<VmdkMetadata> {
  const metadata = await readOwnMetadata(file)
  if (metadata === null) throw partRefusal(file.path, await findOwner(file, files))
  return metadata
}

/** The same, or null for a part of a split disk, which has no descriptor. */
export const readOwnMetadata = oncePerFile(readMetadataOf)

async function readMetadataOf(file: ImageFile): Promise<VmdkMetadata | null> {
  const { source, path } = file
  const magic = await readRange(source, { start: 0, end: Math.min(source.size, 4096) })
  if (looksLikeVmdkDescriptor(magic)) {
    if (source.size > maxDescriptorSize) {
      const what = 'size of the VMDK descriptor'
      throw new DiskError('limit-exceeded', {
        file: path,
        what,
        value: source.size,
        limit: maxDescriptorSize,
      })
    }
    const text = await readRange(source, { start: 0, end: source.size })
    return placed(parseDescriptor(text, path), null, path)
  }
  const hasOwn = !isBareExtent(magic)
  const layout = hasOwn ? await readSparseLayout(source) : null
  const text = layout?.descriptor ? await readRange(source, layout.descriptor) : null
  if (text === null || isBlank(text)) return null
  return placed(parseDescriptor(text, path), layout, path)
}

/** Extents of ESX never hold a descriptor: vmfsSparse (`COWD`) and seSparse. */
function isBareExtent(head: Uint8Array): boolean {
  const magic = String.fromCharCode(...head.subarray(0, 4))
  return magic === 'COWD' || magic === '\u00be\u00ba\u00fe\u00ca'
}

/** Parts of a split disk keep room for a descriptor that stays empty. */
function isBlank(text: Uint8Array): boolean {
  return text[0] === 0 || text[0] === undefined
}

function placed(descriptor: Descriptor, layout: SparseLayout | null, file: string): VmdkMetadata {
  const lines = layout === null ? descriptor.extents : [embeddedExtent(descriptor, layout, file)]
  if (lines.length === 0 && !descriptor.isEncrypted) throw damaged(file, 'it names no extents')
  const extents: VmdkExtentLine[] = []
  let start = 0
  for (const line of lines) {
    const length = line.sectors * sectorSize
    extents.push({ ...line, start, length })
    start += length
    if (Number.isSafeInteger(start)) continue
    const what = 'size of all VMDK extents'
    throw new DiskError('limit-exceeded', { file, what, value: start, limit: Number.MAX_SAFE_INTEGER })
  }
  return { descriptor, layout, extents, virtualSize: start }
}

/** The file that holds the descriptor is its one extent, whatever name it had when it was made. */
function embeddedExtent(descriptor: Descriptor, layout: SparseLayout, file: string): ExtentLine {
  const [line, ...others] = descriptor.extents
  if (others.length > 0) {
    const feature = 'an embedded descriptor with more than one extent'
    throw new DiskError('unsupported-feature', { file, format: 'VMDK', feature })
  }
  const sectors = layout.capacity / sectorSize
  const own: ExtentLine = { access: 'RW', type: 'SPARSE', name: file, offset: 0, sectors }
  if (line === undefined) return own
  assertSameSize(line.sectors, layout, file)
  return { ...line, name: file }
}

/** Throws `corrupt` unless the header's capacity is that of the descriptor, or rounded up to its grain. */
export function assertSameSize(
  sectors: number,
  layout: Pick<SparseLayout, 'capacity' | 'grainSize'>,
  file: string,
): void {
  const excess = layout.capacity - sectors * sectorSize
  if (excess >= 0 && excess < layout.grainSize) return
  const capacity = layout.capacity / sectorSize
  throw damaged(file, `the descriptor says ${sectors} sectors, the sparse header ${capacity}`)
}

/** How the descriptor names the parent, or null when it has none. */
export function parentOf({ parentCid, parentFileNameHint }: Descriptor): ParentReference | null {
  if (parentCid === null) return null
  const names = parentFileNameHint ? [parentFileNameHint] : []
  return { names, format: 'vmdk', identity: { kind: 'content-id', cid: parentCid } }
}

/** Why this image cannot be read though it is not damaged, or null. */
export function refusalOf({ descriptor, extents }: VmdkMetadata, file: string): DiskError | null {
  const method = descriptor.isEncrypted ? 'VMware encryption' : null
  if (method !== null) return new DiskError('encrypted', { file, format: 'VMDK', method })
  const refuse = (feature: string) => new DiskError('unsupported-feature', { file, format: 'VMDK', feature })
  const device = deviceTypes.get(descriptor.createType?.toLowerCase() ?? '')
  if (device) return refuse(device)
  for (const { access, type, name } of extents) {
    if (name !== null && deviceName.test(name)) return refuse(`a device of the host (${name.slice(0, 80)})`)
    if (access === 'NOACCESS') return refuse('an extent without access (NOACCESS)')
    if (!readTypes.has(type)) return refuse(typesNotRead.get(type) ?? `an extent of type ${type}`)
  }
  return null
}

export const flatTypes: ReadonlySet<string> = new Set(['FLAT', 'VMFS'])
const readTypes: ReadonlySet<string> = new Set(['SPARSE', 'VMFSSPARSE', 'SESPARSE', 'ZERO', ...flatTypes])

const typesNotRead = new Map([
  ['VMFSRDM', 'a raw device mapping (VMFSRDM)'],
  ['VMFSRAW', 'a raw device (VMFSRAW)'],
])

/** What an extent that is a disk or a partition of the host it was made on is called. */
export const deviceName = /^(?:[\\/]{2}\.[\\/]|\/dev\/)/iu

/** Values of createType that stand for a device of the host; `partitionedDevice` may hold its table in a plain file. */
const deviceTypes = new Map([
  ['fulldevice', 'a whole device of the host (fullDevice)'],
  ['vmfsrdm', 'a raw device mapping (vmfsRDM)'],
  ['vmfsrawdevicemap', 'a raw device mapping (vmfsRawDeviceMap)'],
  ['vmfspassthroughrawdevicemap', 'a raw device mapping (vmfsPassthroughRawDeviceMap)'],
  ['vmfsraw', 'a raw device (vmfsRaw)'],
])

function damaged(file: string, reason: string): DiskError {
  return new DiskError('corrupt', { file, structure: 'VMDK descriptor', reason })
}
