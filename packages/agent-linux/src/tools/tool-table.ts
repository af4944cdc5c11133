import type { ToolEntry } from '@varve/agent/tools/tool-entry'

/** Where Linux keeps tools, also those for administrators. */
export const toolFolders = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin']

interface Row {
  readonly name: string
  readonly enables: string
  /** The Debian package that brings it; null: it comes with the product itself. */
  readonly package: string | null
  /** The product that brings it, where no package does; left out: Proxmox VE. */
  readonly comesWith?: string
  readonly versionArgs?: readonly string[] | null
}

const rows: readonly Row[] = [
  {
    name: 'qemu-img',
    enables: 'formats that Varve does not read itself, and checks of written images',
    package: 'qemu-utils',
  },
  {
    name: 'qemu-nbd',
    enables: 'images as block devices of this host, also in formats that Varve does not read',
    package: 'qemu-utils',
  },
  { name: 'qemu-io', enables: 'reading and writing parts of images by hand', package: 'qemu-utils' },
  { name: 'nbdinfo', enables: 'a look at exports from outside', package: 'libnbd-bin' },
  { name: 'nbdcopy', enables: 'copies of exports without Varve', package: 'libnbd-bin' },
  {
    name: 'losetup',
    enables: 'raw images as block devices with their partitions',
    package: 'mount',
  },
  {
    name: 'nbd-client',
    enables: 'images of any format as block devices of this host',
    package: 'nbd-client',
  },
  { name: 'partx', enables: 'partitions of block devices, as devices of their own', package: 'util-linux' },
  { name: 'mount', enables: 'filesystems of images, mounted at a folder', package: 'mount' },
  { name: 'umount', enables: 'ending such a mount', package: 'mount' },
  { name: 'cp', enables: 'copies of files with all that is known of them', package: 'coreutils' },
  { name: 'find', enables: 'a folder that is emptied before files are copied into it', package: 'findutils' },
  { name: 'modprobe', enables: 'loading the kernel’s modules for block devices', package: 'kmod' },
  {
    name: 'dmsetup',
    enables: 'logical volumes of images as devices of this host',
    package: 'dmsetup',
    versionArgs: null,
  },
  { name: 'udevadm', enables: 'attached images that udev leaves alone', package: 'udev' },
  { name: 'nbdfuse', enables: 'an export as a file, without root', package: 'nbdfuse' },
  { name: 'guestmount', enables: 'filesystems of images without root', package: 'guestmount' },
  { name: 'lsblk', enables: 'the tree of block devices', package: 'util-linux' },
  { name: 'blkid', enables: 'names and kinds of filesystems on block devices', package: 'util-linux' },
  { name: 'sfdisk', enables: 'changes of partition tables', package: 'fdisk' },
  { name: 'mkswap', enables: 'making swap space anew in another size', package: 'util-linux' },
  { name: 'setpriv', enables: 'tools that end with Varve', package: 'util-linux' },
  { name: 'unshare', enables: 'mounts that only one process sees', package: 'util-linux' },
  { name: 'ntfs-3g', enables: 'mounting NTFS', package: 'ntfs-3g' },
  { name: 'sgdisk', enables: 'repair and moves of GPT', package: 'gdisk' },
  { name: 'partprobe', enables: 'telling the kernel of a changed partition table', package: 'parted' },
  { name: 'e2fsck', enables: 'checks of ext2, ext3 and ext4', package: 'e2fsprogs', versionArgs: ['-V'] },
  { name: 'resize2fs', enables: 'resizing ext2, ext3 and ext4', package: 'e2fsprogs', versionArgs: null },
  { name: 'mke2fs', enables: 'making ext2, ext3 and ext4', package: 'e2fsprogs', versionArgs: ['-V'] },
  { name: 'tune2fs', enables: 'settings of ext2, ext3 and ext4', package: 'e2fsprogs', versionArgs: null },
  {
    name: 'zerofree',
    enables: 'reclaiming free blocks of ext filesystems',
    package: 'zerofree',
    versionArgs: null,
  },
  { name: 'xfs_repair', enables: 'checks of XFS', package: 'xfsprogs', versionArgs: ['-V'] },
  { name: 'mkfs.xfs', enables: 'making XFS', package: 'xfsprogs', versionArgs: ['-V'] },
  { name: 'xfs_growfs', enables: 'growing XFS', package: 'xfsprogs', versionArgs: ['-V'] },
  { name: 'btrfs', enables: 'Btrfs: subvolumes, snapshots, resizing', package: 'btrfs-progs' },
  { name: 'ntfsresize', enables: 'resizing NTFS', package: 'ntfs-3g' },
  { name: 'ntfsfix', enables: 'simple repairs of NTFS', package: 'ntfs-3g' },
  { name: 'fsck.fat', enables: 'checks of FAT', package: 'dosfstools', versionArgs: ['--help'] },
  { name: 'fsck.exfat', enables: 'checks of exFAT', package: 'exfatprogs', versionArgs: ['-V'] },
  {
    name: 'lvm',
    enables: 'LVM volumes, thin pools and their snapshots',
    package: 'lvm2',
    versionArgs: ['version'],
  },
  { name: 'cryptsetup', enables: 'opening LUKS volumes', package: 'cryptsetup-bin' },
  { name: 'mdadm', enables: 'software RAID', package: 'mdadm' },
  { name: 'zfs', enables: 'ZFS volumes, snapshots and clones', package: 'zfsutils-linux' },
  { name: 'zpool', enables: 'ZFS pools', package: 'zfsutils-linux' },
  { name: 'virsh', enables: 'machines of libvirt', package: 'libvirt-clients' },
  { name: 'qm', enables: 'machines of Proxmox VE', package: null, versionArgs: null },
  { name: 'pvesm', enables: 'storage of Proxmox VE', package: null, versionArgs: null },
  { name: 'VBoxManage', enables: 'machines and media of VirtualBox', package: 'virtualbox' },
  {
    name: 'vmware-vdiskmanager',
    enables: 'VMDK of VMware Workstation',
    package: null,
    comesWith: 'VMware Workstation',
    versionArgs: null,
  },
  { name: 'guestfish', enables: 'work inside guest filesystems without mounting them', package: 'guestfish' },
  { name: 'virt-sparsify', enables: 'reclaiming free space of guests', package: 'guestfs-tools' },
  { name: 'virt-v2v', enables: 'fitting guests to another hypervisor', package: 'virt-v2v' },
  { name: 'fstrim', enables: 'discarding free blocks of mounted filesystems', package: 'util-linux' },
  { name: 'fuser', enables: 'who uses a file', package: 'psmisc', versionArgs: ['-V'] },
]

/** Every tool of a Linux host that Varve knows. */
export const linuxTools: readonly ToolEntry[] = rows.map((row) => ({
  name: row.name,
  enables: row.enables,
  install:
    row.package === null ? `Comes with ${row.comesWith ?? 'Proxmox VE'}.` : `apt-get install ${row.package}`,
  versionArgs: row.versionArgs === undefined ? ['--version'] : row.versionArgs,
}))
