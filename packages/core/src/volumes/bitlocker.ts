import { u16le, u32le, u64le, bytes } from '../binary/fields.ts'
import { struct } from '../binary/struct.ts'
import { labelOf, signatureOf } from '../binary/text.ts'
import { formatGuid } from '../binary/uuid.ts'
import type { GuestRegion } from '../guest/guest-region.ts'
import { isDiskError } from '../problems/disk-error.ts'
import { closedVolume, volumeFinding, type VolumeScan } from './volume-finding.ts'

/** What tells a removable drive's BitLocker from the FAT boot sector that it keeps for show. */
const toGoGuid = '4967D63B-2E29-4AD8-8399-F6A339E3D001'
const toGoGuidAt = 424
/** Where the boot sector names the first of the three copies of its metadata. */
const metadataOffsetAt = { fixed: 176, toGo: 440 }

/** libbde, "FVE metadata block header" version 2 and "FVE metadata header", which follows it. */
const metadataBlock = struct('BitLocker metadata', 112, {
  signature: [0, bytes(8)],
  version: [10, u16le],
  size: [64, u32le],
  headerSize: [72, u32le],
  identity: [80, bytes(16)],
  method: [100, u32le],
})
const maxMetadataBytes = 64 * 1024
const entryTypes = { volumeMasterKey: 2, description: 7 }

const methods: Readonly<Record<number, string>> = {
  0x8000: 'AES-CBC 128-bit with diffuser',
  0x8001: 'AES-CBC 256-bit with diffuser',
  0x8002: 'AES-CBC 128-bit',
  0x8003: 'AES-CBC 256-bit',
  0x8004: 'AES-XTS 128-bit',
  0x8005: 'AES-XTS 256-bit',
}

/** What opens the volume, by the type of its protection. */
const protectors: Readonly<Record<number, string>> = {
  0x0000: 'a clear key',
  0x0100: 'TPM',
  0x0200: 'startup key',
  0x0300: 'TPM and startup key',
  0x0500: 'TPM and PIN',
  0x0800: 'recovery password',
  0x2000: 'password',
}
const clearKey = 'a clear key'

/** BitLocker, by its name in the boot sector, or on removable drives by its GUID (libbde, "BitLocker Drive Encryption format"). */
export async function recognise(region: GuestRegion): Promise<VolumeScan | null> {
  const head = await region.peek(0, 512)
  if (!head) return null
  const isFixed = signatureOf(head, 3, 8) === '-FVE-FS-'
  const isToGo = formatGuid(head.subarray(toGoGuidAt, toGoGuidAt + 16)) === toGoGuid
  if (!isFixed && !isToGo) return null
  const found = await readMetadata(region, head, isToGo ? metadataOffsetAt.toGo : metadataOffsetAt.fixed)
  const notes = [...(isToGo ? ['BitLocker To Go'] : []), ...(found?.notes ?? [])]
  return closedVolume(
    volumeFinding(region, {
      type: 'bitlocker',
      sure: found ? 'consistent' : 'signature',
      label: found?.label ?? null,
      uuid: found?.uuid ?? null,
      notes,
    }),
  )
}

interface Metadata {
  readonly uuid: string
  readonly label: string | null
  readonly notes: readonly string[]
}

/** The first copy of the metadata; null when it is not there or, as in Windows Vista, of another layout. */
async function readMetadata(
  region: GuestRegion,
  head: Uint8Array,
  offsetAt: number,
): Promise<Metadata | null> {
  try {
    const { offset } = place.read(head, region.name, offsetAt)
    const found = offset > 0 ? await region.peek(offset, metadataBlock.size) : null
    if (!found || signatureOf(found, 0, 8) !== '-FVE-FS-') return null
    const facts = metadataBlock.read(found, region.name)
    if (facts.version !== 2 || facts.headerSize !== 48 || facts.size > maxMetadataBytes) return null
    const entries = await region.peek(offset + 64 + 48, Math.max(0, facts.size - 48))
    const { opens, label } = readEntries(entries ?? new Uint8Array())
    const method = methods[facts.method & 0xffff] ?? `method 0x${facts.method.toString(16)}`
    return {
      uuid: formatGuid(facts.identity),
      label,
      notes: [
        `${method}, version ${facts.version}`,
        ...(opens.length > 0 ? [`opened by ${opens.join(', ')}`] : []),
        ...(opens.includes(clearKey) ? ['its protection is suspended: the key lies in the clear'] : []),
      ],
    }
  } catch (error) {
    if (isDiskError(error, 'limit-exceeded')) return null
    throw error
  }
}

const place = struct('BitLocker metadata offset', 8, { offset: [0, u64le] })

/** "FVE metadata entry": size, type, kind of value, version, value; the keys' protections and the description. */
function readEntries(entries: Uint8Array): { opens: string[]; label: string | null } {
  const view = new DataView(entries.buffer, entries.byteOffset, entries.length)
  const opens = new Set<string>()
  let label: string | null = null
  for (let at = 0; at + 8 <= entries.length;) {
    const size = view.getUint16(at, true)
    const type = view.getUint16(at + 2, true)
    if (size < 8 || at + size > entries.length) break
    if (type === entryTypes.description) label = labelOf(entries.subarray(at + 8, at + size), 'utf-16le')
    if (type === entryTypes.volumeMasterKey && size >= 36) {
      const protection = view.getUint16(at + 8 + 26, true)
      opens.add(protectors[protection] ?? `protection 0x${protection.toString(16)}`)
    }
    at += size
  }
  return { opens: [...opens], label }
}
