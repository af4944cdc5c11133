import type { FilesystemFinding, VolumeFinding } from './guest-contents.ts'

const volumeNames = {
  lvm2: 'LVM',
  luks1: 'LUKS1',
  luks2: 'LUKS2',
  bitlocker: 'BitLocker',
  mdraid: 'Linux RAID',
  'apfs-container': 'APFS',
  corestorage: 'CoreStorage',
  ldm: 'Windows dynamic disk',
  'storage-spaces': 'Storage Spaces',
} as const satisfies Record<VolumeFinding['type'], string>

/** What people call that kind of volume. */
export function volumeName(type: VolumeFinding['type']): string {
  return volumeNames[type]
}

const filesystemNames: Readonly<Record<string, string>> = {
  xfs: 'XFS',
  btrfs: 'Btrfs',
  ntfs: 'NTFS',
  refs: 'ReFS',
  fat12: 'FAT12',
  fat16: 'FAT16',
  fat32: 'FAT32',
  exfat: 'exFAT',
  iso9660: 'ISO 9660',
  udf: 'UDF',
  apfs: 'APFS',
  'hfs+': 'HFS+',
  hfsx: 'HFSX',
  f2fs: 'F2FS',
  ufs: 'UFS',
  zfs: 'ZFS',
  hammer: 'HAMMER',
  hammer2: 'HAMMER2',
}

/** What people call that type of filesystem; types such as `ext4` and `swap` are their own names. */
export function filesystemName(type: FilesystemFinding['type']): string {
  return filesystemNames[type] ?? type
}

/** Volumes whose contents only their key opens. */
export function isEncrypted(type: VolumeFinding['type']): boolean {
  return type === 'luks1' || type === 'luks2' || type === 'bitlocker'
}
