import { filesystemName, volumeName } from '../guest/guest-names.ts'
import { innermostPartitions } from '../guest/partition-names.ts'
import type { DiskRun, GuestRegion } from '../guest/guest-region.ts'
import type { FilesystemSite, GuestScanned } from './read-guest.ts'

/** Why what a filesystem calls free is not taken for free. */
export interface Doubt {
  readonly kind: DoubtKind
  readonly reason: string
}

/**
 * `unread`: nobody here reads the bitmaps of its kind. `dirty`, `damaged`, `hibernated`, `bitmap`: they may be wrong. `raid`,
 * `shadow-copies`, `snapshot`, `overlap`: something else has a use for the same bytes.
 */
export type DoubtKind =
  'unread' | 'dirty' | 'damaged' | 'hibernated' | 'bitmap' | 'raid' | 'shadow-copies' | 'snapshot' | 'overlap'

interface Around {
  readonly scanned: GuestScanned
  /** Whether the free blocks of its kind can be read. */
  readonly isRead: boolean
}

/** Why its free blocks are not even to be read; null: they may be. */
export function doubtOf(site: FilesystemSite, { scanned, isRead }: Around): Doubt | null {
  const { filesystem, region, within } = site
  const { sure, state, size, notes, isHibernated, type } = filesystem
  const [note] = notes
  if (!isRead) return { kind: 'unread', reason: `nobody here reads what ${filesystemName(type)} calls free` }
  if (sure === 'damaged') return { kind: 'damaged', reason: note ?? 'it contradicts itself' }
  if (isHibernated === true || scanned.filesystems.some((one) => one.filesystem.isHibernated === true))
    return { kind: 'hibernated', reason: 'its guest is hibernated, and goes on with what it had in memory' }
  if (state === 'dirty') return { kind: 'dirty', reason: dirtyNote(notes) }
  if (sure !== 'consistent' || state !== 'clean')
    return { kind: 'damaged', reason: note ?? 'nothing says that it was unmounted cleanly' }
  if (notes.includes('its kernel found errors in it'))
    return { kind: 'damaged', reason: 'its kernel found errors in it' }
  if (size === null || size > region.length)
    return { kind: 'damaged', reason: 'it is larger than the place that it lies in' }
  const foreign = within.find(({ volume }) => volume.type !== 'lvm2')
  if (foreign)
    return {
      kind: 'raid',
      reason: `it lies in ${volumeName(foreign.volume.type)}, whose other parts would no longer agree with it`,
    }
  if (within.some(({ isShared }) => isShared))
    return {
      kind: 'snapshot',
      reason: 'an LVM snapshot stands on its volume, and needs bytes that it calls free',
    }
  return overlaps(site, scanned) ? { kind: 'overlap', reason: 'something else lies in the same place' } : null
}

function dirtyNote(notes: readonly string[]): string {
  return (
    notes.find((note) => note.includes('replayed') || note.includes('checked')) ??
    'it was not unmounted cleanly'
  )
}

/** Whether another filesystem, a volume that it is not in, or a partition that it leaves has bytes of it. */
function overlaps(site: FilesystemSite, { filesystems, volumes, contents }: GuestScanned): boolean {
  const own = runsOf(site.region)
  const others = filesystems.filter((one) => one !== site)
  const outside = volumes.filter(({ volume }) => !site.within.some((one) => one.volume === volume))
  const isMet = [...others, ...outside].some(({ region }) => meet(own, runsOf(region)))
  return (
    isMet ||
    innermostPartitions(contents.table.partitions).some((part) => meet(own, [part]) && !holds(part, own))
  )
}

function runsOf(region: GuestRegion): readonly DiskRun[] {
  return region.place({ start: 0, end: region.length })
}

function meet(a: readonly DiskRun[], b: readonly DiskRun[]): boolean {
  return a.some((one) =>
    b.some((two) => one.start < two.start + two.length && two.start < one.start + one.length),
  )
}

function holds(part: DiskRun, runs: readonly DiskRun[]): boolean {
  return runs.every(({ start, length }) => start >= part.start && start + length <= part.start + part.length)
}
