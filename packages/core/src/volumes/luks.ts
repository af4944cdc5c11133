import { ascii, bytes, u16be, u32be, u64be } from '../binary/fields.ts'
import { struct } from '../binary/struct.ts'
import { labelOf } from '../binary/text.ts'
import type { VolumeFinding } from '../layers/guest-contents.ts'
import type { GuestRegion } from '../layers/guest-region.ts'
import { closedVolume, volumeFinding, type VolumeScan } from './volume-finding.ts'

/** LUKS On-Disk Format 1.2.3, "PHDR". */
const header1 = struct('LUKS1 header', 208, {
  cipher: [8, ascii(32)],
  mode: [40, ascii(32)],
  payloadSector: [104, u32be],
  keyBytes: [108, u32be],
  uuid: [168, bytes(40)],
})

/** LUKS2 On-Disk Format 1.1.1, "Binary header". */
const header2 = struct('LUKS2 header', 512, {
  headerSize: [8, u64be],
  label: [24, bytes(48)],
  uuid: [168, bytes(40)],
})

const magic = [0x4c, 0x55, 0x4b, 0x53, 0xba, 0xbe] // LUKS BA BE
const version = struct('LUKS version', 8, { version: [6, u16be] })
const maxJsonBytes = 64 * 1024
const header2Length = 4096

/** LUKS1 or LUKS2: cipher, label, identity; what is inside stays closed. */
export async function recognise(region: GuestRegion): Promise<VolumeScan | null> {
  const head = await region.peek(0, 512)
  if (!head || magic.some((byte, at) => head[at] !== byte)) return null
  const found = version.read(head, region.name).version
  if (found === 1) return closedVolume(describe1(region, head))
  return found === 2 ? closedVolume(await describe2(region, head)) : null
}

function describe1(region: GuestRegion, head: Uint8Array): VolumeFinding {
  const { cipher, mode, keyBytes, payloadSector, uuid } = header1.read(head, region.name)
  const isSound = payloadSector * 512 <= region.length
  const name = printable(`${cipher}-${mode}`)
  return volumeFinding(region, {
    type: 'luks1',
    sure: isSound ? 'consistent' : 'damaged',
    uuid: labelOf(uuid),
    notes: [`${name}, ${keyBytes * 8}-bit key`, ...(isSound ? [] : ['its data begin beyond its end'])],
  })
}

async function describe2(region: GuestRegion, head: Uint8Array): Promise<VolumeFinding> {
  const { headerSize, label, uuid } = header2.read(head, region.name)
  const length = Math.min(headerSize, maxJsonBytes) - header2Length
  const json = length > 0 ? await region.peek(header2Length, length) : null
  const cipher = json ? cipherIn(json) : null
  return volumeFinding(region, {
    type: 'luks2',
    sure: cipher === null ? 'damaged' : 'consistent',
    label: labelOf(label),
    uuid: labelOf(uuid),
    notes: [cipher ?? 'its description of keys and areas cannot be read'],
  })
}

/** `segments`.`0`.`encryption` of the JSON area, such as `aes-xts-plain64`. */
function cipherIn(area: Uint8Array): string | null {
  const end = area.indexOf(0)
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder().decode(end < 0 ? area : area.subarray(0, end)))
  } catch {
    return null
  }
  for (const key of ['segments', '0', 'encryption']) {
    if (typeof value !== 'object' || value === null) return null
    value = Object.getOwnPropertyDescriptor(value, key)?.value
  }
  return typeof value === 'string' ? printable(value) : null
}

function printable(text: string): string {
  return text.replaceAll(/[^\u0020-\u007E]/gu, '?').slice(0, 80)
}
