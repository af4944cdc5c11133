import type { GuestContents } from '../guest/guest-contents.ts'

/** Types of partitions that say the architecture of the system on them (Discoverable Partitions Specification): root, /usr, and their hashes. */
const armTypes: ReadonlySet<string> = new Set([
  'B921B045-1DF0-41C3-AF44-4C6F280D3FAE',
  'B0E01050-EE5F-4390-949A-9101B17104E9',
  'DF3300CE-D69F-4C92-978C-9BFB0F38D820',
  '6E11A4E7-FBCA-4DED-B9E9-E1A512BB664E',
])
const microsoftReserved = 'E3C9E316-0B5C-4DB8-817D-F92DF00215AE'
const ofUnix = /^(?:ext\d?|xfs|btrfs|zfs|ufs|f2fs|apfs|hfs)/u

/** Whether its partitions say that the system runs on 64-bit ARM; most disks do not say it. */
export function isOfArm(guest: GuestContents | null): boolean {
  return guest?.table.partitions.some(({ type }) => armTypes.has(type)) ?? false
}

/** Whether the system on the disk is Windows, by its partitions and filesystems. */
export function holdsWindows(guest: GuestContents | null): boolean {
  if (guest === null || guest.filesystems.some(({ type }) => ofUnix.test(type))) return false
  return (
    guest.table.partitions.some(({ type }) => type === microsoftReserved) ||
    guest.filesystems.some(({ type }) => type === 'ntfs')
  )
}
