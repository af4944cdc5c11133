import { countOf } from '../units/format-bytes.ts'
import { ascii, bytes, u16be, u32be, u64be } from '../binary/fields.ts'
import { struct } from '../binary/struct.ts'
import { labelOf } from '../binary/text.ts'
import type { VolumeFinding, VolumePayload } from '../guest/guest-contents.ts'
import type { GuestRegion } from '../guest/guest-region.ts'
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

/** The same, "key slot": eight of them, of 48 bytes, behind the header. */
const keySlots = { at: 208, size: 48, count: 8, active: 0x00ac71f3 }

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
    ...(isSound && payloadSector > 0 && { payload: { at: payloadSector * 512, isDynamic: true } }),
    notes: [
      `${name}, ${keyBytes * 8}-bit key, ${countOf(activeSlots(head), 'keyslot')}`,
      ...(isSound ? [] : ['its data begin beyond its end']),
    ],
  })
}

async function describe2(region: GuestRegion, head: Uint8Array): Promise<VolumeFinding> {
  const { headerSize, label, uuid } = header2.read(head, region.name)
  const length = Math.min(headerSize, maxJsonBytes) - header2Length
  const json = length > 0 ? await region.peek(header2Length, length) : null
  const root = json ? rootOf(json) : undefined
  const facts = factsIn(root)
  const payload = payloadIn(root, region.length)
  return volumeFinding(region, {
    type: 'luks2',
    sure: facts === null ? 'damaged' : 'consistent',
    label: labelOf(label),
    uuid: labelOf(uuid),
    ...(facts !== null && payload && { payload }),
    notes: facts ?? ['its description of keys and areas cannot be read'],
  })
}

function activeSlots(head: Uint8Array): number {
  const view = new DataView(head.buffer, head.byteOffset, head.length)
  let active = 0
  for (
    let at = keySlots.at;
    at + 4 <= keySlots.at + keySlots.size * keySlots.count && at + 4 <= head.length;
  ) {
    if (view.getUint32(at) === keySlots.active) active += 1
    at += keySlots.size
  }
  return active
}

function rootOf(area: Uint8Array): unknown {
  const end = area.indexOf(0)
  try {
    return JSON.parse(new TextDecoder().decode(end < 0 ? area : area.subarray(0, end)))
  } catch {
    return undefined
  }
}

/** Where its one segment of ciphertext lies; null: there are others, or integrity tags, or somebody is at work on it. */
function payloadIn(root: unknown, length: number): VolumePayload | null {
  const segments = valuesOf(valueIn(root, 'segments'))
  const [segment] = segments
  const isPlain =
    segments.length === 1 &&
    valueIn(segment, 'type') === 'crypt' &&
    valueIn(segment, 'integrity') === undefined &&
    valueIn(segment, 'flags') === undefined &&
    valueIn(root, 'config', 'requirements') === undefined
  const [at, size] = [decimal(valueIn(segment, 'offset')), valueIn(segment, 'size')]
  const isDynamic = size === 'dynamic'
  if (!isPlain || at === null || at >= length || (!isDynamic && decimal(size) === null)) return null
  return { at, isDynamic }
}

/** Its numbers of 64 bits are text. */
function decimal(value: unknown): number | null {
  const number = typeof value === 'string' && /^\d{1,16}$/u.test(value) ? Number(value) : 0
  return Number.isSafeInteger(number) && number > 0 && number % 512 === 0 ? number : null
}

/** What the JSON area says of cipher, sectors, keyslots and tokens; null without the cipher of its first segment. */
function factsIn(root: unknown): string[] | null {
  const cipher = valueIn(root, 'segments', '0', 'encryption')
  if (typeof cipher !== 'string') return null
  const sectorSize = valueIn(root, 'segments', '0', 'sector_size')
  const notes = [`${printable(cipher)}${typeof sectorSize === 'number' ? `, ${sectorSize} B sectors` : ''}`]
  const slots = valuesOf(valueIn(root, 'keyslots'))
  const derivations = kindsOf(slots.map((slot) => valueIn(slot, 'kdf', 'type')))
  if (slots.length > 0) {
    notes.push(`${countOf(slots.length, 'keyslot')}${derivations === '' ? '' : ` (${derivations})`}`)
  }
  const tokens = kindsOf(valuesOf(valueIn(root, 'tokens')).map((token) => valueIn(token, 'type')))
  if (tokens !== '') notes.push(`also opened by ${tokens}`)
  if (valueIn(root, 'segments', '0', 'integrity') !== undefined) notes.push('with integrity tags')
  if (slots.some((slot) => valueIn(slot, 'type') === 'reencrypt'))
    notes.push('its re-encryption is not finished')
  return notes
}

function valueIn(root: unknown, ...path: readonly string[]): unknown {
  let value = root
  for (const key of path) {
    if (typeof value !== 'object' || value === null) return undefined
    value = Object.getOwnPropertyDescriptor(value, key)?.value
  }
  return value
}

function valuesOf(section: unknown): unknown[] {
  return typeof section === 'object' && section !== null ? Object.values(section) : []
}

/** Different names in a list. */
function kindsOf(found: readonly unknown[]): string {
  const names = found.flatMap((kind) => (typeof kind === 'string' ? [printable(kind)] : []))
  return [...new Set(names)].slice(0, 8).join(', ')
}

function printable(text: string): string {
  return text.replaceAll(/[^\u0020-\u007E]/gu, '?').slice(0, 80)
}
