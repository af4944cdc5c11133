import { crc32 } from '../binary/crc32.ts'
import { u32le, u64le } from '../binary/fields.ts'
import { struct } from '../binary/struct.ts'
import { signatureOf } from '../binary/text.ts'
import { guestProblem } from '../guest/guest-problem.ts'
import type { GuestRegion } from '../guest/guest-region.ts'
import { DiskError, isDiskError } from '../problems/disk-error.ts'
import { readLogicalVolumes, type LogicalVolume } from './lvm2-volumes.ts'
import { numberIn, parseLvmText, sectionIn, sectionsIn, textIn, type LvmSection } from './lvm2-text.ts'
import { closedVolume, volumeFinding, type VolumeScan } from './volume-finding.ts'

const sectorSize = 512
/** lvm2, label.h: `struct label_header`. */
const labelHeader = struct('LVM2 label', 32, {
  sector: [8, u64le],
  offset: [20, u32le],
})
/** lvm2, layout.h: `struct disk_locn`. */
const area = struct('LVM2 area', 16, { offset: [0, u64le], size: [8, u64le] })
/** lvm2, layout.h: `struct mda_header` with its first `struct raw_locn`, which is the committed text. */
const metadataHeader = struct('LVM2 metadata area', 64, {
  start: [24, u64le],
  size: [32, u64le],
  textOffset: [40, u64le],
  textSize: [48, u64le],
  textChecksum: [56, u32le],
})
const metadataMagic = ' LVM2 x[5A%r0N*>'
const textChecksumStart = 0xf597a6cf
const maxTextBytes = 1024 * 1024
const maxAreas = 16

/** An LVM2 physical volume: the label in one of the first four sectors, and its group's metadata where a copy lies here. */
export async function recognise(region: GuestRegion): Promise<VolumeScan | null> {
  for (let sector = 0; sector < 4; sector += 1) {
    const found = await region.peek(sector * sectorSize, sectorSize)
    if (!found) return null
    if (signatureOf(found, 0, 8) !== 'LABELONE' || signatureOf(found, 24, 8) !== 'LVM2 001') continue
    const label = labelHeader.read(found, region.name)
    if (label.sector === sector) {
      return describe(region, found.subarray(Math.min(label.offset, sectorSize)))
    }
  }
  return null
}

async function describe(region: GuestRegion, header: Uint8Array): Promise<VolumeScan> {
  const uuid = dashed(signatureOf(header, 0, 32))
  try {
    for (const place of metadataAreas(header, region.name)) {
      const text = await readText(region, place)
      if (text !== null) return describeGroup(region, uuid, parseLvmText(text, region.name))
    }
  } catch (error) {
    if (!isDiskError(error)) throw error
    const reason = isDiskError(error, 'corrupt') ? error.details.reason : error.message
    const problem = guestProblem('lvm-metadata-damaged', region.name, { reason })
    return closedVolume(volumeFinding(region, { type: 'lvm2', sure: 'damaged', uuid, notes: [reason] }), [
      problem,
    ])
  }
  const notes = ['its volume group is not described on this disk']
  return closedVolume(volumeFinding(region, { type: 'lvm2', uuid, notes }))
}

interface Area {
  readonly offset: number
  readonly size: number
}

/** `struct pv_header`: after the identity and the size come the data areas, then the metadata areas, each list ended by zeros. */
function metadataAreas(header: Uint8Array, file: string): Area[] {
  const lists: Area[][] = [[], []]
  let at = 40
  for (const list of lists) {
    for (let count = 0; count < maxAreas && at + area.size <= header.length; count += 1) {
      const found = area.read(header, file, at)
      at += area.size
      if (found.offset === 0) break
      list.push(found)
    }
  }
  return lists[1] ?? []
}

/** The committed metadata text of an area, which is a ring after its header; null when it holds none. */
async function readText(region: GuestRegion, { offset, size }: Area): Promise<string | null> {
  const head = await region.read(offset, sectorSize)
  const facts = metadataHeader.read(head, region.name)
  if (signatureOf(head, 4, 16) !== metadataMagic) throw corrupt(region, 'its area has no header')
  const { textOffset, textSize, textChecksum } = facts
  if (textOffset === 0 || textSize === 0) return null
  if (textSize > maxTextBytes || textSize > size || textOffset > size) {
    throw corrupt(region, `its text claims ${textSize} bytes at ${textOffset} of ${size}`)
  }
  const untilEnd = Math.min(textSize, size - textOffset)
  const text = new Uint8Array(textSize)
  text.set(await region.read(offset + textOffset, untilEnd))
  if (untilEnd < textSize) text.set(await region.read(offset + sectorSize, textSize - untilEnd), untilEnd)
  if (crc32(text, { start: textChecksumStart, raw: true }) !== textChecksum) {
    throw corrupt(region, 'the checksum of its text is wrong')
  }
  return new TextDecoder().decode(text).replaceAll('\0', '')
}

function corrupt(region: GuestRegion, reason: string): DiskError {
  return new DiskError('corrupt', { file: region.name, structure: 'LVM metadata', reason })
}

function describeGroup(region: GuestRegion, uuid: string, root: LvmSection): VolumeScan {
  const [group] = sectionsIn(root)
  if (!group) throw corrupt(region, 'it names no volume group')
  const physical = sectionsIn(sectionIn(group.section, 'physical_volumes') ?? { entries: new Map() })
  const own = physical.find(({ section }) => textIn(section, 'id') === uuid)
  const extentSize = (numberIn(group.section, 'extent_size') ?? 0) * sectorSize
  const dataStart = (own ? (numberIn(own.section, 'pe_start') ?? 0) : 0) * sectorSize
  const place = own && extentSize > 0 ? { physical: own.name, dataStart, extentSize } : null
  const volumes = readLogicalVolumes(group.section, region, place)
  const notes: string[] = []
  if (physical.length > 1) notes.push(`one of ${physical.length} physical volumes of its group`)
  for (const { note } of volumes) if (note !== null && notes.length < 100) notes.push(note)
  return {
    volume: volumeFinding(region, {
      type: 'lvm2',
      uuid,
      group: group.name,
      members: volumes.map(({ member }) => member),
      notes,
    }),
    inner: volumes.filter(isWhole).map(({ member }) => ({ runs: member.segments })),
    filesystem: null,
    problems:
      physical.length > 1
        ? [guestProblem('volume-spans-disks', region.name, { type: 'the volume group', group: group.name })]
        : [],
  }
}

function isWhole({ isLinear, member }: LogicalVolume): boolean {
  return isLinear && member.length > 0
}

/** The identity as LVM's tools write it: 6-4-4-4-4-4-6 characters. */
function dashed(uuid: string): string {
  return (
    /^([A-Za-z0-9]{6})(.{4})(.{4})(.{4})(.{4})(.{4})(.{6})$/u.exec(uuid)?.slice(1).join('-') ?? 'unreadable'
  )
}
