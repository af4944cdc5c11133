import type { ToolEntry } from '@varve/agent/tools/tool-entry'

/** Where Windows and its usual virtualisation products keep their tools. */
export const toolFolders = [
  'C:\\Windows\\System32',
  'C:\\Windows\\System32\\WindowsPowerShell\\v1.0',
  'C:\\Program Files\\PowerShell\\7',
  'C:\\Program Files\\qemu',
  'C:\\Program Files\\Oracle\\VirtualBox',
  'C:\\Program Files (x86)\\VMware\\VMware Workstation',
]

const partOfWindows = 'It is part of Windows.'

/** Every tool of a Windows host that Varve knows. Those without a way to ask print no version. */
export const windowsTools: readonly ToolEntry[] = [
  {
    name: 'powershell',
    enables: 'Hyper-V and Storage cmdlets: VHD, VHDX and machines',
    install: partOfWindows,
    versionArgs: ['-NoProfile', '-NonInteractive', '-Command', '$PSVersionTable.PSVersion.ToString()'],
  },
  {
    name: 'pwsh',
    enables: 'the same cmdlets through PowerShell 7',
    install: 'winget install Microsoft.PowerShell',
    versionArgs: ['--version'],
  },
  {
    name: 'diskpart',
    enables: 'partitions, attaching VHD and VHDX without Hyper-V',
    install: partOfWindows,
    versionArgs: null,
  },
  { name: 'fsutil', enables: 'sparse ranges of files on NTFS', install: partOfWindows, versionArgs: null },
  { name: 'chkdsk', enables: 'checks of NTFS, FAT and exFAT', install: partOfWindows, versionArgs: null },
  {
    name: 'wsl',
    enables: 'distributions of WSL: which of them run, and other sizes of their disks',
    install: 'wsl --install',
    versionArgs: null,
  },
  {
    name: 'qemu-img',
    enables: 'formats that Varve does not read itself, and checks of written images',
    install: 'winget install SoftwareFreedomConservancy.QEMU',
    versionArgs: ['--version'],
  },
  {
    name: 'VBoxManage',
    enables: 'machines and media of VirtualBox',
    install: 'winget install Oracle.VirtualBox',
    versionArgs: ['--version'],
  },
  {
    name: 'vmware-vdiskmanager',
    enables: 'VMDK of VMware Workstation',
    install: 'Comes with VMware Workstation.',
    versionArgs: null,
  },
]
