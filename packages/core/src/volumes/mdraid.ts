import { countOf, formatBytes } from '../units/format-bytes.ts'
import { bytes, u32le, u64le } from '../binary/fields.ts'
import { struct, type StructValue } from '../binary/struct.ts'
import { labelOf } from '../binary/text.ts'
import { formatUuid } from '../binary/uuid.ts'
import { guestProblem } from '../guest/guest-problem.ts'
import type { GuestRegion } from '../guest/guest-region.ts'
import { volumeFinding, type VolumeScan } from './volume-finding.ts'

const magic = 0xa92b4efc

/** Linux, md_p.h: `struct mdp_superblock_1`. */
const superblock1 = struct('Linux RAID superblock', 256, {
  magic: [0, u32le],
  major: [4, u32le],
  features: [8, u32le],
  uuid: [16, bytes(16)],
  name: [32, bytes(32)],
  level: [72, u32le],
  disks: [92, u32le],
  dataSector: [128, u64le],
  dataSectors: [136, u64le],
  ownSector: [144, u64le],
})

/** Linux, md_p.h: `struct mdp_superblock_s`, version 0.90 as little-endian machines write it. */
const superblock0 = struct('Linux RAID superblock 0.90', 64, {
  magic: [0, u32le],
  major: [4, u32le],
  minor: [8, u32le],
  uuid0: [20, bytes(4)],
  level: [28, u32le],
  disks: [40, u32le],
  uuid1: [52, bytes(12)],
})

/** `feature_map`: MD_FEATURE_RESHAPE_ACTIVE. */
const reshapeActive = 0x4

/** Levels below zero, as they are stored. */
const specialLevels: Readonly<Record<number, string>> = {
  0xffff_ffff: 'linear',
  0xffff_fffc: 'multipath',
  0xffff_fff6: 'container',
}

const kibibyte = 1024

/** Linux RAID with its superblock at the start: version 1.1 there, 1.2 at 4 KiB. A mirror's disk is looked into. */
export async function recognise(region: GuestRegion): Promise<VolumeScan | null> {
  return (await readVersion1(region, 0)) ?? readVersion1(region, 4 * kibibyte)
}

/** Linux RAID with its superblock near the end (versions 1.0 and 0.90): a mirror's disk looks like its filesystem alone. */
export async function recogniseAtEnd(region: GuestRegion): Promise<VolumeScan | null> {
  const nearEnd = Math.floor((region.length - 8 * kibibyte) / (4 * kibibyte)) * 4 * kibibyte
  return (await readVersion1(region, nearEnd)) ?? readVersion0(region)
}

async function readVersion1(region: GuestRegion, at: number): Promise<VolumeScan | null> {
  const found = at >= 0 ? await region.peek(at, superblock1.size) : null
  if (!found || readMagic(found) !== magic) return null
  const facts = superblock1.read(found, region.name)
  return facts.major === 1 && facts.ownSector * 512 === at ? describe1(region, facts) : null
}

async function readVersion0(region: GuestRegion): Promise<VolumeScan | null> {
  const at = (Math.floor(region.length / (64 * kibibyte)) - 1) * 64 * kibibyte
  const found = at > 0 ? await region.peek(at, superblock0.size) : null
  if (!found || readMagic(found) !== magic) return null
  const { major, level, disks, uuid0, uuid1 } = superblock0.read(found, region.name)
  if (major !== 0) return null
  const uuid = formatUuid(Uint8Array.from([...uuid0, ...uuid1]))
  return describe(region, {
    level,
    disks,
    uuid,
    name: null,
    data: { start: 0, length: at },
    isReshaping: false,
  })
}

function readMagic(found: Uint8Array): number {
  return new DataView(found.buffer, found.byteOffset).getUint32(0, true)
}

function describe1(region: GuestRegion, facts: StructValue<typeof superblock1>): VolumeScan {
  return describe(region, {
    level: facts.level,
    disks: facts.disks,
    uuid: formatUuid(facts.uuid),
    name: labelOf(facts.name),
    data: { start: facts.dataSector * 512, length: facts.dataSectors * 512 },
    isReshaping: (facts.features & reshapeActive) !== 0,
  })
}

interface ArrayFacts {
  readonly level: number
  readonly disks: number
  readonly uuid: string
  readonly name: string | null
  /** Bytes of the member. */
  readonly data: { readonly start: number; readonly length: number }
  readonly isReshaping: boolean
}

function describe(
  region: GuestRegion,
  { level, disks, uuid, name, data, isReshaping }: ArrayFacts,
): VolumeScan {
  const isMirror = level === 1
  const end = Math.min(region.length, data.start + data.length)
  const runs = isMirror && data.start < end ? region.place({ start: data.start, end }) : []
  const kind = specialLevels[level] ?? `RAID ${level}`
  const group = name ?? uuid
  return {
    volume: volumeFinding(region, {
      type: 'mdraid',
      label: name,
      uuid,
      group,
      members: runs.length > 0 ? [{ name: group, length: end - data.start, segments: runs }] : [],
      notes: [
        `${kind} over ${countOf(disks, 'disk')}, data from ${formatBytes(data.start)}`,
        ...(isReshaping ? ['its reshape is not finished'] : []),
      ],
    }),
    inner: runs.length > 0 ? [{ runs }] : [],
    filesystem: null,
    problems:
      disks > 1 && !isMirror
        ? [guestProblem('volume-spans-disks', region.name, { type: 'the Linux RAID', group })]
        : [],
  }
}
