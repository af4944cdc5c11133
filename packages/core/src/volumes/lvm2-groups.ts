import type { DiskReader, ReadOptions } from '../disk/disk-reader.ts'
import type { VolumeFinding } from '../guest/guest-contents.ts'
import { GuestDisk } from '../guest/guest-region.ts'
import { isDiskError } from '../problems/disk-error.ts'
import { findLabel, readMetadata, sectorSize } from './lvm2-metadata.ts'
import { listIn, numberIn, sectionIn, sectionsIn, textIn, type LvmSection } from './lvm2-text.ts'

/** A run of extents of a physical volume of this disk. */
export interface VolumeStripe {
  /** Byte of the disk at which the physical volume begins. */
  readonly physical: number
  /** Byte of the physical volume. */
  readonly at: number
}

/** A part of a logical volume: one run, or several in turn, `chunk` bytes of each. */
export interface VolumePiece {
  readonly length: number
  readonly chunk: number
  readonly stripes: readonly [VolumeStripe, ...VolumeStripe[]]
}

/** A visible logical volume, and where all of it lies on this disk. */
export interface VolumeMap {
  readonly group: string
  readonly name: string
  readonly length: number
  /** In order, without gaps; null: it is not to be had from here. */
  readonly pieces: readonly VolumePiece[] | null
  /** Why it is not, as the end of a sentence. */
  readonly reason: string | null
}

const maxVolumes = 1024
/** What one table of the device mapper is handed at most. */
const maxPieces = 1000
/** lvm2, lib/misc/lvm-string.c: `validate_name`. */
const namePattern = /^[A-Za-z0-9+_.][A-Za-z0-9+_.-]{0,126}$/u

/** Every visible logical volume of the groups whose physical volumes are among `volumes`, also over several of them. */
export async function readVolumeGroups(
  disk: DiskReader,
  volumes: readonly VolumeFinding[],
  options: ReadOptions = {},
): Promise<VolumeMap[]> {
  const guest = new GuestDisk(disk, options)
  const places = new Map<string, Place | null>()
  const groups = new Map<string, Group>()
  for (const { type, start, length } of volumes) {
    if (type !== 'lvm2') continue
    const region = guest.region([{ start, length }])
    try {
      const label = await findLabel(region)
      if (label === null) continue
      // Two of one identity: nobody can say which is meant.
      places.set(label.uuid, places.has(label.uuid) ? null : { start, length: region.length })
      const root = await readMetadata(region, label)
      if (root !== null) keepNewest(groups, root)
    } catch (error) {
      // A damaged copy is told by the scan; the others may do.
      if (!isDiskError(error)) throw error
    }
  }
  return [...groups.values()]
    .flatMap(({ name, section }) => volumesOf(name, section, places))
    .slice(0, maxVolumes)
}

interface Place {
  readonly start: number
  readonly length: number
}

interface Group {
  readonly name: string
  readonly section: LvmSection
  readonly sequence: number
}

function keepNewest(groups: Map<string, Group>, root: LvmSection): void {
  const [found] = sectionsIn(root)
  if (!found) return
  const id = textIn(found.section, 'id') ?? found.name
  const sequence = numberIn(found.section, 'seqno') ?? 0
  const known = groups.get(id)
  if (!known || known.sequence < sequence) groups.set(id, { ...found, sequence })
}

function volumesOf(
  group: string,
  section: LvmSection,
  places: ReadonlyMap<string, Place | null>,
): VolumeMap[] {
  const extentSize = (numberIn(section, 'extent_size') ?? 0) * sectorSize
  const physical = new Map(
    sectionsIn(sectionIn(section, 'physical_volumes') ?? { entries: new Map() }).map((one) => [
      one.name,
      {
        place: places.get(textIn(one.section, 'id') ?? '') ?? null,
        dataStart: (numberIn(one.section, 'pe_start') ?? 0) * sectorSize,
      },
    ]),
  )
  const all = sectionsIn(sectionIn(section, 'logical_volumes') ?? { entries: new Map() }).map((one) => ({
    ...one,
    segments: sectionsIn(one.section).filter(({ name }) => /^segment\d+$/u.test(name)),
  }))
  // Hidden, but each bears the name by which people know its snapshot.
  const stores = new Set(all.flatMap(({ segments }) => segments.flatMap(storesOf)))
  return all
    .filter(({ name, section: own }) => stores.has(name) || listIn(own, 'status').includes('VISIBLE'))
    .filter(({ segments }) => !segments.some((one) => typeOf(one.section) === 'snapshot'))
    .map(({ name, segments }) => {
      const sections = segments.map((one) => one.section)
      const extents = sections.reduce((sum, one) => sum + (numberIn(one, 'extent_count') ?? 0), 0)
      const length = Number.isSafeInteger(extents * extentSize) ? extents * extentSize : 0
      const read = stores.has(name)
        ? 'is a snapshot'
        : [group, name].every((word) => namePattern.test(word))
          ? piecesOf(sections, { physical, extentSize })
          : 'has a name that LVM does not allow'
      return typeof read === 'string'
        ? { group, name, length, pieces: null, reason: read }
        : { group, name, length, pieces: read, reason: null }
    })
}

const typeOf = (segment: LvmSection) => textIn(segment, 'type') ?? 'unknown'

/** What keeps the changes of an old snapshot, which is listed as a volume by itself. */
function storesOf({ section }: { readonly section: LvmSection }): string[] {
  if (typeOf(section) !== 'snapshot') return []
  return ['cow_store', 'merging_store'].flatMap((key) => textIn(section, key) ?? [])
}

interface Extents {
  readonly physical: ReadonlyMap<string, { readonly place: Place | null; readonly dataStart: number }>
  readonly extentSize: number
}

/** The pieces of a volume, or why there are none. */
function piecesOf(segments: readonly LvmSection[], extents: Extents): readonly VolumePiece[] | string {
  if (segments.length === 0) return 'has no extents'
  if (segments.length > maxPieces) return `is in ${segments.length} pieces, and ${maxPieces} are the most`
  const pieces: VolumePiece[] = []
  let next = 0
  const inOrder = segments.toSorted(
    (a, b) => (numberIn(a, 'start_extent') ?? 0) - (numberIn(b, 'start_extent') ?? 0),
  )
  for (const segment of inOrder) {
    if (typeOf(segment) !== 'striped') return `is a ${typeOf(segment)} volume`
    const count = numberIn(segment, 'extent_count') ?? 0
    if (numberIn(segment, 'start_extent') !== next || count === 0) return 'has gaps'
    next += count
    const piece = pieceOf(segment, count, extents)
    if (typeof piece === 'string') return piece
    pieces.push(piece)
  }
  return pieces
}

function pieceOf(
  segment: LvmSection,
  count: number,
  { physical, extentSize }: Extents,
): VolumePiece | string {
  const list = listIn(segment, 'stripes')
  const stripes: VolumeStripe[] = []
  const perStripe = (count * extentSize) / (list.length / 2)
  const chunk = list.length === 2 ? perStripe : (numberIn(segment, 'stripe_size') ?? 0) * sectorSize
  const isWhole = chunk > 0 && Number.isSafeInteger(perStripe) && perStripe % chunk === 0
  if (!isWhole) return 'has numbers that do not add up'
  for (let i = 0; i + 1 < list.length; i += 2) {
    const [name, extent] = [list[i], list[i + 1]]
    if (typeof name !== 'string' || typeof extent !== 'number' || !Number.isSafeInteger(extent) || extent < 0)
      return 'has numbers that do not add up'
    const found = physical.get(name)
    if (!found) return `is being moved, and a part of it lies in ${name}`
    if (!found.place) return `lies partly on a physical volume (${name}) that this image does not hold`
    const at = found.dataStart + extent * extentSize
    if (!Number.isSafeInteger(at + perStripe) || at + perStripe > found.place.length)
      return 'goes beyond the end of its physical volume'
    stripes.push({ physical: found.place.start, at })
  }
  const [first, ...rest] = stripes
  return first
    ? { length: count * extentSize, chunk, stripes: [first, ...rest] }
    : 'has numbers that do not add up'
}
