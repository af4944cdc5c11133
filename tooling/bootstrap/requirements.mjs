/** What each task needs on the machine, as data. Versions are pinned here and in package.json, nowhere else. */

export const nodeVersion = '24.21.0'
export const minimumNode = 24
/** Below this Node, npm cannot run this file reliably. */
export const bootstrapNode = 20

/** PowerShell, which runs the Windows scripts in tests: a .NET tool, fetched where the .NET SDK is. */
export const powershellVersion = '7.6.9'

/** @typedef {{ tool: string, debian: string, tasks: readonly string[], module?: string, file?: string }} SystemTool */

/**
 * Programs outside npm: the tool to look for, the Debian package that brings it, the tasks that need it; of Debian's Python the
 * module that is needed; the file to look for where the package brings no program.
 */
export const systemTools = /** @type {readonly SystemTool[]} */ ([
  { tool: 'qemu-img', debian: 'qemu-utils', tasks: ['start', 'test', 'bench', 'fuzz', 'lab'] },
  { tool: 'mke2fs', debian: 'e2fsprogs', tasks: ['start', 'test', 'bench', 'fuzz'] },
  { tool: 'sfdisk', debian: 'fdisk', tasks: ['start', 'test'] },
  { tool: 'fdisk', debian: 'fdisk', tasks: ['test'] },
  { tool: 'makefs', debian: 'makefs', tasks: ['test'] },
  { tool: 'sgdisk', debian: 'gdisk', tasks: ['test'] },
  { tool: 'nbdinfo', debian: 'libnbd-bin', tasks: ['test'] },
  { tool: 'nbdkit', debian: 'nbdkit', tasks: ['test'] },
  { tool: 'openssl', debian: 'openssl', tasks: ['test'] },
  { tool: 'mkfs.xfs', debian: 'xfsprogs', tasks: ['test'] },
  { tool: 'mkfs.btrfs', debian: 'btrfs-progs', tasks: ['test'] },
  { tool: 'mkfs.vfat', debian: 'dosfstools', tasks: ['test'] },
  { tool: 'mkfs.exfat', debian: 'exfatprogs', tasks: ['test'] },
  { tool: 'mkfs.ntfs', debian: 'ntfs-3g', tasks: ['test'] },
  { tool: 'cryptsetup', debian: 'cryptsetup-bin', tasks: ['test'] },
  { tool: 'lvm', debian: 'lvm2', tasks: ['test'] },
  { tool: 'mkudffs', debian: 'udftools', tasks: ['test'] },
  { tool: 'genisoimage', debian: 'genisoimage', tasks: ['test'] },
  { tool: 'mcopy', debian: 'mtools', tasks: ['test'] },
  { tool: 'qcowinfo', debian: 'libqcow-utils', tasks: ['test'] },
  { tool: 'vhdiinfo', debian: 'libvhdi-utils', tasks: ['test'] },
  { tool: 'vmdkinfo', debian: 'libvmdk-utils', tasks: ['test'] },
  { tool: 'python3', debian: 'python3-libvhdi', tasks: ['test'], module: 'pyvhdi' },
  { tool: 'rpmbuild', debian: 'rpm', tasks: ['test'] },
  { tool: 'buildah', debian: 'buildah', tasks: ['test'] },
  { tool: 'zsh', debian: 'zsh', tasks: ['test'] },
  { tool: 'fish', debian: 'fish', tasks: ['test'] },
  { tool: 'mandoc', debian: 'mandoc', tasks: ['test'] },
  { tool: 'chromium', debian: 'chromium', tasks: ['test'] },
  { tool: 'qemu-system-x86_64', debian: 'qemu-system-x86', tasks: ['test', 'lab'] },
  { tool: 'mmdebstrap', debian: 'mmdebstrap', tasks: ['test', 'lab'] },
  { tool: 'cpio', debian: 'cpio', tasks: ['test', 'lab'] },
  { tool: 'grub-mkimage', debian: 'grub-common', tasks: ['test'] },
  {
    tool: 'GRUB for the BIOS',
    debian: 'grub-pc-bin',
    tasks: ['test'],
    file: '/usr/lib/grub/i386-pc/boot.img',
  },
  {
    tool: 'GRUB for UEFI',
    debian: 'grub-efi-amd64-bin',
    tasks: ['test'],
    file: '/usr/lib/grub/x86_64-efi/lvm.mod',
  },
  { tool: 'UEFI for QEMU', debian: 'ovmf', tasks: ['test'], file: '/usr/share/OVMF/OVMF_CODE_4M.fd' },
  { tool: 'zstd', debian: 'zstd', tasks: ['test', 'lab'] },
  { tool: 'time', debian: 'time', tasks: ['bench'] },
  { tool: 'sshd', debian: 'openssh-server', tasks: ['bench'] },
  { tool: 'scp', debian: 'openssh-client', tasks: ['bench'] },
])
