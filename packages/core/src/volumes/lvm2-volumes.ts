import type { VolumeMember } from '../guest/guest-contents.ts'
import type { DiskRun, GuestRegion } from '../guest/guest-region.ts'
import { listIn, numberIn, sectionIn, sectionsIn, textIn, type LvmSection } from './lvm2-text.ts'

/** Where this disk's extents lie, under the name that the group gives to this physical volume. */
export interface PhysicalPlace {
  readonly physical: string
  /** Byte of the physical volume at which extent 0 begins. */
  readonly dataStart: number
  /** Bytes. */
  readonly extentSize: number
}

export interface LogicalVolume {
  readonly member: VolumeMember
  /** Whether its segments, joined in order, are the whole volume. */
  readonly isLinear: boolean
  /** A snapshot in this group stands on it. */
  readonly hasSnapshot: boolean
  readonly note: string | null
}

const maxVolumes = 1024
const maxSegments = 4096

/** The visible logical volumes of a group, with the runs of this disk that hold them; none of the runs without `place`. */
export function readLogicalVolumes(
  group: LvmSection,
  region: GuestRegion,
  place: PhysicalPlace | null,
): LogicalVolume[] {
  const volumes = sectionIn(group, 'logical_volumes')
  if (!volumes) return []
  const extentSize = (numberIn(group, 'extent_size') ?? 0) * 512
  const origins = originsIn(volumes)
  return sectionsIn(volumes)
    .filter(({ section }) => listIn(section, 'status').includes('VISIBLE'))
    .slice(0, maxVolumes)
    .map(({ name, section }) => readVolume(name, section, { region, place, extentSize, origins }))
}

function readVolume(
  name: string,
  section: LvmSection,
  context: {
    readonly region: GuestRegion
    readonly place: PhysicalPlace | null
    readonly extentSize: number
    readonly origins: ReadonlySet<string>
  },
): LogicalVolume {
  const { region, place, extentSize, origins } = context
  const parts = sectionsIn(section)
    .filter((part) => /^segment\d+$/u.test(part.name))
    .slice(0, maxSegments)
    .map((part) => readSegment(part.section))
    .toSorted((a, b) => a.start - b.start)
  const extents = parts.reduce((sum, { count }) => sum + count, 0)
  const length = extents * extentSize
  const segments: DiskRun[] = []
  let isLinear = place !== null && Number.isSafeInteger(length)
  let next = 0
  for (const { type, start, count, stripes } of parts) {
    const [only] = stripes
    const isPlain = type === 'striped' && stripes.length === 1 && start === next
    next = start + count
    if (!isPlain || only?.physical !== place?.physical || !place) {
      isLinear = false
      continue
    }
    const at = place.dataStart + (only?.extent ?? 0) * place.extentSize
    const end = at + count * place.extentSize
    if (!Number.isSafeInteger(end) || end > region.length) isLinear = false
    else segments.push(...region.place({ start: at, end }))
  }
  const kind = kindOf(parts)
  return {
    member: {
      name,
      length: Number.isSafeInteger(length) ? length : 0,
      segments: segments.slice(0, maxSegments),
    },
    isLinear: isLinear && segments.length <= maxSegments,
    hasSnapshot: origins.has(name),
    note: kind === null ? null : `${name} is ${kind}, which is not looked into`,
  }
}

/** The names of the volumes that snapshots stand on, whether those are visible or not. */
function originsIn(volumes: LvmSection): ReadonlySet<string> {
  const segments = sectionsIn(volumes).flatMap(({ section }) => sectionsIn(section))
  return new Set(segments.flatMap(({ section }) => textIn(section, 'origin') ?? []))
}

/** What a volume that is not simply a list of extents is called; null for a linear one. */
function kindOf(parts: readonly Segment[]): string | null {
  const special = parts.find(({ type }) => type !== 'striped')
  if (special) return `a ${special.type} volume`
  const widest = Math.max(0, ...parts.map(({ stripes }) => stripes.length))
  return widest > 1 ? `striped over ${widest} places` : null
}

interface Segment {
  readonly type: string
  /** In extents of the logical volume. */
  readonly start: number
  readonly count: number
  readonly stripes: readonly { readonly physical: string; readonly extent: number }[]
}

/** A segment of the text; `stripes` is a list of physical volume and first extent in turn. */
function readSegment(section: LvmSection): Segment {
  const list = listIn(section, 'stripes')
  const stripes: { physical: string; extent: number }[] = []
  for (let i = 0; i + 1 < list.length; i += 2) {
    const physical = list[i]
    const extent = list[i + 1]
    if (typeof physical !== 'string' || typeof extent !== 'number') continue
    if (Number.isSafeInteger(extent) && extent >= 0) stripes.push({ physical, extent })
  }
  return {
    type: textIn(section, 'type') ?? 'unknown',
    start: numberIn(section, 'start_extent') ?? 0,
    count: numberIn(section, 'extent_count') ?? 0,
    stripes,
  }
}
