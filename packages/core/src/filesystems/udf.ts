import { labelOf } from '../binary/text.ts'
import type { FilesystemFinding } from '../guest/guest-contents.ts'
import type { GuestRegion } from '../guest/guest-region.ts'
import { filesystemFinding } from './filesystem-finding.ts'

/** ECMA-167 part 3: the anchor lies in sector 256, whatever the size of sectors. */
const anchorSector = 256
const sectorSizes = [2048, 512, 4096] as const
/** Descriptors of the sequence that are looked at; writers make fewer than 10. */
const maxDescriptors = 32
/** "Tag Identifier" of ECMA-167, 3/7.2.1. */
const tags = { primary: 1, anchor: 2, partition: 5, logical: 6, terminating: 8, integrity: 9 }

/** UDF: its name, size and free space, as far as the anchor leads to them; else its recognition sequence alone. */
export async function describeUdf(region: GuestRegion): Promise<FilesystemFinding> {
  for (const sectorSize of sectorSizes) {
    const found = await readVolume(region, sectorSize)
    if (found) return found
  }
  return filesystemFinding(region, { type: 'udf', sure: 'signature' })
}

async function readVolume(region: GuestRegion, sectorSize: number): Promise<FilesystemFinding | null> {
  const anchor = await readDescriptor(region, anchorSector, sectorSize)
  if (anchor?.tag !== tags.anchor) return null
  const length = anchor.view.getUint32(16, true)
  const start = anchor.view.getUint32(20, true)
  const count = Math.min(maxDescriptors, Math.floor(length / sectorSize))
  let label: string | null = null
  let uuid: string | null = null
  let partitionBlocks = 0
  let blockSize = sectorSize
  let integritySector: number | null = null
  for (let index = 0; index < count; index += 1) {
    const descriptor = await readDescriptor(region, start + index, sectorSize)
    if (!descriptor || descriptor.tag === tags.terminating) break
    const { tag, view, bytes } = descriptor
    if (tag === tags.primary) {
      label ??= dstring(bytes.subarray(24, 56))
      uuid ??= identityIn(bytes.subarray(72, 200))
    }
    if (tag === tags.partition) partitionBlocks += view.getUint32(192, true)
    if (tag === tags.logical) {
      label = dstring(bytes.subarray(84, 212)) ?? label
      blockSize = view.getUint32(212, true)
      integritySector = view.getUint32(432, true) > 0 ? view.getUint32(436, true) : null
    }
  }
  if (blockSize !== sectorSize) return null
  const integrity = integritySector === null ? null : await readIntegrity(region, integritySector, sectorSize)
  const size = partitionBlocks * blockSize
  const freeBlocks = integrity?.freeBlocks ?? null
  const free = freeBlocks === null ? null : freeBlocks * blockSize
  return filesystemFinding(region, {
    type: 'udf',
    label,
    uuid,
    size,
    free: free !== null && free <= size ? free : null,
    blockSize,
    state: integrity ? (integrity.isClosed ? 'clean' : 'dirty') : 'unknown',
  })
}

/** "Logical Volume Integrity Descriptor" (3/10.10): whether the volume was closed, and free blocks per partition. */
async function readIntegrity(region: GuestRegion, sector: number, sectorSize: number) {
  const descriptor = await readDescriptor(region, sector, sectorSize)
  if (descriptor?.tag !== tags.integrity) return null
  const { view } = descriptor
  const partitions = view.getUint32(72, true)
  const isClosed = view.getUint32(28, true) === 1
  // Metadata and virtual partitions have their own counts, which do not add up.
  const told = partitions === 1 ? view.getUint32(80, true) : 0xffff_ffff
  return { isClosed, freeBlocks: told === 0xffff_ffff ? null : told }
}

async function readDescriptor(region: GuestRegion, sector: number, sectorSize: number) {
  const bytes = await region.peek(sector * sectorSize, 512)
  if (!bytes) return null
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  // The tag's checksum is the sum of its other bytes (3/7.2.3).
  let sum = 0
  for (let at = 0; at < 16; at += 1) if (at !== 4) sum += bytes[at] ?? 0
  return (sum & 0xff) === bytes[4] ? { tag: view.getUint16(0, true), view, bytes } : null
}

/** "Dstrings" (1/7.2.12): the last byte is the length, the first tells 8 or 16 bits per character. */
function dstring(field: Uint8Array): string | null {
  const length = Math.min(field.length - 1, field.at(-1) ?? 0)
  if (length < 2) return null
  return labelOf(field.subarray(1, length), field[0] === 16 ? 'utf-16be' : 'latin1')
}

/** The first 16 characters of the volume set's name, which makers fill with a unique number. */
function identityIn(field: Uint8Array): string | null {
  const text = dstring(field)?.slice(0, 16) ?? ''
  return /^[\da-f]{16}$/iu.test(text) ? text.toLowerCase() : null
}
