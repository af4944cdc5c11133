import type { ToolEntry } from '@varve/agent/tools/tool-entry'

/** Where macOS, Homebrew and the usual virtualisation products keep their tools. */
export const toolFolders = [
  '/usr/bin',
  '/usr/sbin',
  '/sbin',
  '/bin',
  '/opt/homebrew/bin',
  '/usr/local/bin',
  '/Applications/UTM.app/Contents/MacOS',
  '/Applications/VMware Fusion.app/Contents/Library',
]

const partOfMacos = 'It is part of macOS.'

/** Every tool of a Mac that Varve knows. Those without a way to ask print no version. */
export const macosTools: readonly ToolEntry[] = [
  {
    name: 'hdiutil',
    enables: 'UDIF, sparse images and sparse bundles',
    install: partOfMacos,
    versionArgs: null,
  },
  {
    name: 'diskutil',
    enables: 'partitions, APFS and HFS+ of attached images',
    install: partOfMacos,
    versionArgs: null,
  },
  { name: 'fsck_apfs', enables: 'checks of APFS', install: partOfMacos, versionArgs: null },
  { name: 'fsck_hfs', enables: 'checks of HFS+', install: partOfMacos, versionArgs: null },
  {
    name: 'qemu-img',
    enables: 'formats that Varve does not read itself, and checks of written images',
    install: 'brew install qemu',
    versionArgs: ['--version'],
  },
  { name: 'utmctl', enables: 'machines of UTM', install: 'brew install --cask utm', versionArgs: null },
  {
    name: 'prlctl',
    enables: 'machines of Parallels Desktop',
    install: 'brew install --cask parallels',
    versionArgs: ['--version'],
  },
  {
    name: 'prl_disk_tool',
    enables: 'disks of Parallels Desktop',
    install: 'brew install --cask parallels',
    versionArgs: null,
  },
  {
    name: 'vmrun',
    enables: 'machines of VMware Fusion',
    install: 'brew install --cask vmware-fusion',
    versionArgs: null,
  },
  { name: 'pgrep', enables: 'seeing whether UTM runs', install: partOfMacos, versionArgs: null },
  {
    name: 'VBoxManage',
    enables: 'machines and media of VirtualBox',
    install: 'brew install --cask virtualbox',
    versionArgs: ['--version'],
  },
  {
    name: 'vmware-vdiskmanager',
    enables: 'VMDK of VMware Fusion',
    install: 'brew install --cask vmware-fusion',
    versionArgs: null,
  },
]
