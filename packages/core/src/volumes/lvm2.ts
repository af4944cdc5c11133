import { guestProblem } from '../guest/guest-problem.ts'
import type { GuestRegion } from '../guest/guest-region.ts'
import { isDiskError } from '../problems/disk-error.ts'
import { corrupt, findLabel, readMetadata, sectorSize } from './lvm2-metadata.ts'
import { readLogicalVolumes, type LogicalVolume } from './lvm2-volumes.ts'
import { numberIn, sectionIn, sectionsIn, textIn, type LvmSection } from './lvm2-text.ts'
import { closedVolume, volumeFinding, type VolumeScan } from './volume-finding.ts'

/** An LVM2 physical volume: the label in one of the first four sectors, and its group's metadata where a copy lies here. */
export async function recognise(region: GuestRegion): Promise<VolumeScan | null> {
  const label = await findLabel(region)
  if (label === null) return null
  const { uuid } = label
  try {
    const root = await readMetadata(region, label)
    if (root !== null) return describeGroup(region, uuid, root)
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
    inner: volumes
      .filter(isWhole)
      .map(({ member, hasSnapshot }) => ({ runs: member.segments, isShared: hasSnapshot })),
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
