import { ascii, bytes, u16le, u32le, u8 } from '../binary/fields.ts'
import { struct } from '../binary/struct.ts'
import { labelOf, signatureOf } from '../binary/text.ts'
import type { FilesystemFinding } from '../layers/guest-contents.ts'
import type { GuestRegion } from '../layers/guest-region.ts'
import { filesystemFinding, signatureFinding } from './filesystem-finding.ts'

const sectorSize = 2048
const firstDescriptor = 16

/** ECMA-119 section 8.4, "Primary Volume Descriptor". */
const primaryDescriptor = struct('ISO 9660 primary volume descriptor', 2048, {
  type: [0, u8],
  identifier: [1, ascii(5)],
  volumeName: [40, bytes(32)],
  blocks: [80, u32le],
  blockSize: [128, u16le],
  createdAt: [813, ascii(17)],
})

/** ISO 9660, or UDF (ECMA-167 part 2) alone: both list descriptors from sector 16. */
export async function recognise(region: GuestRegion): Promise<FilesystemFinding | null> {
  let iso: FilesystemFinding | null = null
  for (let sector = firstDescriptor; sector < firstDescriptor + 16; sector += 1) {
    const descriptor = await region.peek(sector * sectorSize, sectorSize)
    const identifier = descriptor ? signatureOf(descriptor, 1, 5) : ''
    if (!descriptor || !knownIdentifiers.includes(identifier)) break
    if (identifier === 'CD001' && descriptor[0] === 1) iso ??= describe(region, descriptor)
    if (identifier.startsWith('NSR')) {
      return iso ? { ...iso, notes: [...iso.notes, 'also UDF'] } : signatureFinding(region, 'udf')
    }
  }
  return iso
}

const knownIdentifiers = ['CD001', 'BEA01', 'NSR02', 'NSR03', 'TEA01', 'BOOT2', 'CDW02']

function describe(region: GuestRegion, descriptor: Uint8Array): FilesystemFinding {
  const { volumeName, blocks, blockSize, createdAt } = primaryDescriptor.read(descriptor, region.name)
  const size = blocks * blockSize
  const date = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)/u.exec(createdAt)
  return filesystemFinding(region, {
    type: 'iso9660',
    label: labelOf(volumeName),
    uuid: date ? date.slice(1).join('-') : null,
    size,
    used: size,
    free: 0,
    blockSize,
    state: 'clean',
  })
}
