import { ascii, bytes, u16le, u32le, u8 } from '../binary/fields.ts'
import { struct } from '../binary/struct.ts'
import { labelOf, signatureOf } from '../binary/text.ts'
import type { FilesystemFinding } from '../guest/guest-contents.ts'
import type { GuestRegion } from '../guest/guest-region.ts'
import { filesystemFinding } from './filesystem-finding.ts'
import { describeUdf } from './udf.ts'

const sectorSize = 2048
const firstAt = 16 * sectorSize

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
  let step = sectorSize
  for (let at = firstAt; at < firstAt + 16 * sectorSize; at += step) {
    let descriptor = await readKnown(region, at)
    if (!descriptor && at === firstAt + sectorSize) {
      // Where sectors have 4,096 bytes, so has every descriptor (ECMA-167 part 2, 9.1).
      step = 2 * sectorSize
      descriptor = await readKnown(region, (at += sectorSize))
    }
    if (!descriptor) break
    const identifier = signatureOf(descriptor, 1, 5)
    if (identifier === 'CD001' && descriptor[0] === 1) iso ??= describe(region, descriptor)
    if (iso && identifier === 'CD001' && descriptor[0] === 2) iso = withJolietName(iso, descriptor)
    if (identifier.startsWith('NSR')) {
      return iso ? { ...iso, notes: [...iso.notes, 'also UDF'] } : describeUdf(region)
    }
  }
  return iso
}

async function readKnown(region: GuestRegion, at: number): Promise<Uint8Array | null> {
  const descriptor = await region.peek(at, sectorSize)
  return descriptor && knownIdentifiers.includes(signatureOf(descriptor, 1, 5)) ? descriptor : null
}

/** Joliet's escape sequences, of UCS-2 levels 1 to 3. */
const jolietMarks = ['%/@', '%/C', '%/E']

/** A supplementary descriptor of Joliet keeps small letters and other scripts, but only 16 characters. */
function withJolietName(iso: FilesystemFinding, descriptor: Uint8Array): FilesystemFinding {
  if (!jolietMarks.includes(signatureOf(descriptor, 88, 3))) return iso
  const notes = [...iso.notes, 'with Joliet']
  const name = labelOf(descriptor.subarray(40, 72), 'utf-16be')
  const isCut = name !== null && (iso.label ?? '').toLowerCase().startsWith(name.toLowerCase())
  const isLonger = (iso.label?.length ?? 0) > (name?.length ?? 0)
  return { ...iso, notes, label: name === null || (isCut && isLonger) ? iso.label : name }
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
