/** Programs that plans of another size ask for: those for tables, volumes and filesystems. */
export const resizeTools = [
  'losetup',
  'partx',
  'sfdisk',
  'mount',
  'unshare',
  'setpriv',
  'e2fsck',
  'resize2fs',
  'xfs_repair',
  'xfs_growfs',
  'btrfs',
  'ntfsresize',
  'ntfs-3g',
  'mkswap',
  'lvm',
] as const
