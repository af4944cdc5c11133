/** Every container format that Varve knows by name (DOMAIN.md section 2). */
export const formatNames = [
  'raw',
  'qcow2',
  'vmdk',
  'vhd',
  'vhdx',
  'vdi',
  'parallels',
  'udif',
  'sparseimage',
  'sparsebundle',
  'asif',
  'qcow',
  'qed',
  'cloop',
  'bochs',
  'ewf',
  'ova',
  'utm',
  'pvm',
] as const
export type FormatName = (typeof formatNames)[number]

/** Bytes by which a format is known; `from: 'tail'` counts `at` back from the end of the file. */
export interface Magic {
  readonly from: 'head' | 'tail'
  readonly at: number
  /** Hexadecimal. */
  readonly bytes: string
  /** What it marks, where the format has several. */
  readonly marks: string
}

/** How blocks come to be: on demand, all at once, only what differs from a parent, or packed. */
export type AllocationKind = 'sparse' | 'fixed' | 'differencing' | 'compressed'

/** How a child names its parent. */
export type ParentLink = 'none' | 'path' | 'path+content-id' | 'uuid+locators' | 'uuid' | 'bundle'

export interface FormatRules {
  /** What people call it. */
  readonly label: string
  /** Lower case, with the dot; the first is what a new file gets. */
  readonly extensions: readonly string[]
  /** Extensions that promise a header: a file of that name without one is damaged, not raw. */
  readonly promises: readonly string[]
  /** In the order in which to look; empty when no fixed bytes tell. */
  readonly magics: readonly Magic[]
  readonly nativeHome: string
  /** Bytes; null where the host filesystem or the cluster size is the limit. */
  readonly maxVirtualSize: number | null
  readonly allocation: readonly AllocationKind[]
  /** Bytes of the unit of allocation; null when the format has none or one of its own per image. */
  readonly allocationUnit: { readonly min: number; readonly max: number; readonly usual: number } | null
  readonly snapshots: 'none' | 'internal' | 'overlay' | 'internal+overlay' | 'bundle'
  readonly parentLink: ParentLink
  /** Whether a child can tell that its parent is not the one it was made from. */
  readonly verifiesParent: boolean
  /** Name of the QEMU block driver, or null when QEMU has none. */
  readonly qemuDriver: string | null
  /** What Varve does itself, without a tool. */
  readonly native: { readonly read: boolean; readonly write: boolean }
  readonly notes: readonly string[]
}

const kib = 1024
const mib = 1024 * kib
const gib = 1024 * mib
const tib = 1024 * gib

const head = (at: number, bytes: string, marks: string): Magic => ({ from: 'head', at, bytes, marks })
const tail = (at: number, bytes: string, marks: string): Magic => ({ from: 'tail', at, bytes, marks })

/** The formats as data; each number has a test. */
export const formatRules = {
  raw: {
    label: 'Raw',
    extensions: ['.img', '.raw', '.dd', '-flat.vmdk'],
    promises: [],
    magics: [],
    nativeHome: 'everywhere',
    maxVirtualSize: null,
    allocation: ['sparse', 'fixed'],
    allocationUnit: null,
    snapshots: 'none',
    parentLink: 'none',
    verifiesParent: false,
    qemuDriver: 'raw',
    native: { read: true, write: true },
    notes: [
      'Has no mark of its own: a file is raw when nothing else matched.',
      'Its holes are holes of the host filesystem and get lost in transit by tools that do not know them.',
    ],
  },
  qcow2: {
    label: 'QCOW2',
    extensions: ['.qcow2', '.qcow'],
    promises: ['.qcow2'],
    magics: [head(0, '514649fb', 'header')],
    nativeHome: 'QEMU/KVM, Proxmox, libvirt, UTM',
    maxVirtualSize: null,
    allocation: ['sparse', 'fixed', 'differencing', 'compressed'],
    allocationUnit: { min: 512, max: 2 * mib, usual: 64 * kib },
    snapshots: 'internal+overlay',
    parentLink: 'path',
    verifiesParent: false,
    qemuDriver: 'qcow2',
    native: { read: true, write: true },
    notes: [
      'A child names its backing file by path and format; nothing proves that it is the right one.',
      'Conversion drops internal snapshots.',
    ],
  },
  vmdk: {
    label: 'VMDK',
    extensions: ['.vmdk'],
    promises: ['.vmdk'],
    magics: [
      head(0, '4b444d56', 'hosted sparse extent'),
      head(0, '434f5744', 'vmfsSparse (COWD) extent'),
      head(0, 'bebafeca00000000', 'seSparse extent'),
    ],
    nativeHome: 'VMware, VirtualBox',
    maxVirtualSize: 62 * tib,
    allocation: ['sparse', 'fixed', 'differencing', 'compressed'],
    allocationUnit: { min: 4 * kib, max: gib, usual: 64 * kib },
    snapshots: 'overlay',
    parentLink: 'path+content-id',
    verifiesParent: true,
    qemuDriver: 'vmdk',
    native: { read: true, write: true },
    notes: [
      'The content ID (CID) says that content changed; it is not an identity of the disk.',
      'A split disk is a descriptor and its parts; a part alone is not a disk.',
    ],
  },
  vhd: {
    label: 'VHD',
    extensions: ['.vhd', '.avhd'],
    promises: ['.vhd', '.avhd'],
    magics: [
      tail(512, '636f6e6563746978', 'footer'),
      tail(511, '636f6e6563746978', 'footer of 511 bytes'),
      head(0, '636f6e6563746978', 'copy of the footer'),
    ],
    nativeHome: 'Hyper-V before 2012, Azure, Xen',
    maxVirtualSize: 2040 * gib,
    allocation: ['sparse', 'fixed', 'differencing'],
    allocationUnit: { min: 512, max: 2 * gib, usual: 2 * mib },
    snapshots: 'overlay',
    parentLink: 'uuid+locators',
    verifiesParent: true,
    qemuDriver: 'vpc',
    native: { read: true, write: true },
    notes: [
      'A fixed VHD starts with the guest’s own bytes; only its end tells it from raw.',
      'Virtual PC and old QEMU mean the CHS geometry as size, all others the current size of the footer.',
      'QEMU reads a differencing VHD as if it stood alone.',
    ],
  },
  vhdx: {
    label: 'VHDX',
    extensions: ['.vhdx', '.avhdx'],
    promises: ['.vhdx', '.avhdx'],
    magics: [head(0, '7668647866696c65', 'file identifier')],
    nativeHome: 'Hyper-V 2012 and later, WSL2',
    maxVirtualSize: 64 * tib,
    allocation: ['sparse', 'fixed', 'differencing'],
    allocationUnit: { min: mib, max: 256 * mib, usual: 32 * mib },
    snapshots: 'overlay',
    parentLink: 'uuid+locators',
    verifiesParent: true,
    qemuDriver: 'vhdx',
    native: { read: true, write: true },
    notes: [
      'A log that is not empty must be replayed before any byte is believed.',
      'The parent’s data-write GUID must match, not its disk GUID.',
    ],
  },
  vdi: {
    label: 'VDI',
    extensions: ['.vdi'],
    promises: ['.vdi'],
    magics: [head(64, '7f10dabe', 'pre-header')],
    nativeHome: 'VirtualBox',
    maxVirtualSize: 0x1_ffff_f800_0000,
    allocation: ['sparse', 'fixed', 'differencing'],
    allocationUnit: { min: mib, max: mib, usual: mib },
    snapshots: 'overlay',
    parentLink: 'uuid',
    verifiesParent: true,
    qemuDriver: 'vdi',
    native: { read: true, write: true },
    notes: ['Names its parent by UUID only; VirtualBox’s registry knows the file.'],
  },
  parallels: {
    label: 'Parallels HDD',
    extensions: ['.hdd', '.hds'],
    promises: [],
    magics: [
      head(0, '576974686f7574467265655370616365', 'WithoutFreeSpace'),
      head(0, '576974686f7546726553706163457874', 'WithouFreSpacExt'),
    ],
    nativeHome: 'Parallels Desktop, Virtuozzo',
    maxVirtualSize: null,
    allocation: ['sparse', 'fixed', 'differencing'],
    allocationUnit: { min: 512, max: 2 * gib, usual: mib },
    snapshots: 'bundle',
    parentLink: 'bundle',
    verifiesParent: false,
    qemuDriver: 'parallels',
    native: { read: true, write: true },
    notes: [
      'A bundle keeps one image file per snapshot and the tree in DiskDescriptor.xml; QEMU reads a single .hds only.',
      'WithoutFreeSpace counts its table in sectors, WithouFreSpacExt in clusters.',
    ],
  },
  udif: {
    label: 'UDIF (DMG)',
    extensions: ['.dmg'],
    promises: [],
    magics: [
      tail(512, '6b6f6c79', 'koly trailer'),
      head(0, '6b6f6c79', 'koly header'),
      head(0, '656e637263647361', 'encrypted, version 2'),
      tail(8, '63647361656e6372', 'encrypted, version 1'),
    ],
    nativeHome: 'macOS',
    maxVirtualSize: null,
    allocation: ['fixed', 'compressed'],
    allocationUnit: null,
    snapshots: 'none',
    parentLink: 'none',
    verifiesParent: false,
    qemuDriver: 'dmg',
    native: { read: true, write: false },
    notes: ['A read/write DMG (UDRW) has no trailer: it is raw.', 'Compressed ones are read-only.'],
  },
  sparseimage: {
    label: 'Sparse image (UDSP)',
    extensions: ['.sparseimage'],
    promises: ['.sparseimage'],
    magics: [head(0, '73707273', 'header')],
    nativeHome: 'macOS',
    maxVirtualSize: null,
    allocation: ['sparse'],
    allocationUnit: null,
    snapshots: 'none',
    parentLink: 'none',
    verifiesParent: false,
    qemuDriver: null,
    native: { read: true, write: false },
    notes: ['Grows in chunks; the layout of large ones is not public.'],
  },
  sparsebundle: {
    label: 'Sparse bundle (UDSB)',
    extensions: ['.sparsebundle', '.backupbundle'],
    promises: ['.sparsebundle', '.backupbundle'],
    magics: [],
    nativeHome: 'macOS',
    maxVirtualSize: null,
    allocation: ['sparse'],
    allocationUnit: { min: 512, max: 2 * gib, usual: 8 * mib },
    snapshots: 'none',
    parentLink: 'none',
    verifiesParent: false,
    qemuDriver: null,
    native: { read: true, write: false },
    notes: ['A folder: Info.plist and one file per band; a missing band reads as zeros.'],
  },
  asif: {
    label: 'ASIF',
    extensions: ['.asif'],
    promises: ['.asif'],
    magics: [head(0, '73686477', 'header')],
    nativeHome: 'macOS 26, Virtualization.framework',
    maxVirtualSize: 4096 * tib,
    allocation: ['sparse'],
    allocationUnit: { min: mib, max: mib, usual: mib },
    snapshots: 'none',
    parentLink: 'none',
    verifiesParent: false,
    qemuDriver: null,
    native: { read: true, write: false },
    notes: ['Only macOS writes it.'],
  },
  qcow: {
    label: 'QCOW (version 1)',
    extensions: ['.qcow'],
    promises: ['.qcow'],
    magics: [head(0, '514649fb00000001', 'header')],
    nativeHome: 'QEMU before 0.9',
    maxVirtualSize: null,
    allocation: ['sparse', 'differencing', 'compressed'],
    allocationUnit: { min: 512, max: 64 * kib, usual: 4 * kib },
    snapshots: 'overlay',
    parentLink: 'path',
    verifiesParent: false,
    qemuDriver: 'qcow',
    native: { read: false, write: false },
    notes: ['Another layout than qcow2, under the same magic.'],
  },
  qed: {
    label: 'QED',
    extensions: ['.qed'],
    promises: ['.qed'],
    magics: [head(0, '51454400', 'header')],
    nativeHome: 'QEMU 0.14 to 1.6',
    maxVirtualSize: 64 * tib,
    allocation: ['sparse', 'differencing'],
    allocationUnit: { min: 4 * kib, max: 64 * mib, usual: 64 * kib },
    snapshots: 'overlay',
    parentLink: 'path',
    verifiesParent: false,
    qemuDriver: 'qed',
    native: { read: false, write: false },
    notes: ['Superseded by qcow2 version 3.'],
  },
  cloop: {
    label: 'Compressed loop',
    extensions: ['.cloop'],
    promises: ['.cloop'],
    magics: [head(0, '23212f62696e2f73680a2356322e3020466f726d61740a', 'script header, version 2')],
    nativeHome: 'Knoppix',
    maxVirtualSize: null,
    allocation: ['compressed'],
    allocationUnit: null,
    snapshots: 'none',
    parentLink: 'none',
    verifiesParent: false,
    qemuDriver: 'cloop',
    native: { read: false, write: false },
    notes: ['Read-only.'],
  },
  bochs: {
    label: 'Bochs growing',
    extensions: ['.bochs'],
    promises: ['.bochs'],
    magics: [head(0, '426f636873205669727475616c20484420496d616765', 'header')],
    nativeHome: 'Bochs',
    maxVirtualSize: null,
    allocation: ['sparse', 'differencing'],
    allocationUnit: null,
    snapshots: 'overlay',
    parentLink: 'none',
    verifiesParent: false,
    qemuDriver: 'bochs',
    native: { read: false, write: false },
    notes: ['Undoable and volatile kinds need a base that they do not name.'],
  },
  ewf: {
    label: 'Expert Witness (E01)',
    extensions: ['.e01', '.ex01'],
    promises: ['.e01', '.ex01'],
    magics: [head(0, '455646090d0aff00', 'EWF segment'), head(0, '455646320d0a81', 'EWF2 segment')],
    nativeHome: 'forensic tools',
    maxVirtualSize: null,
    allocation: ['compressed'],
    allocationUnit: { min: 32 * kib, max: 16 * mib, usual: 32 * kib },
    snapshots: 'none',
    parentLink: 'none',
    verifiesParent: false,
    qemuDriver: null,
    native: { read: false, write: false },
    notes: ['Split into segments .E01, .E02, …'],
  },
  ova: {
    label: 'OVA',
    extensions: ['.ova', '.ovf'],
    promises: ['.ova', '.ovf'],
    magics: [],
    nativeHome: 'VMware, VirtualBox (exchange)',
    maxVirtualSize: null,
    allocation: ['compressed'],
    allocationUnit: null,
    snapshots: 'none',
    parentLink: 'none',
    verifiesParent: false,
    qemuDriver: null,
    native: { read: true, write: true },
    notes: [
      'A tar with an OVF description and its disks, or the description beside them; each disk is read in place.',
    ],
  },
  utm: {
    label: 'UTM machine',
    extensions: ['.utm'],
    promises: ['.utm'],
    magics: [],
    nativeHome: 'UTM',
    maxVirtualSize: null,
    allocation: ['sparse'],
    allocationUnit: null,
    snapshots: 'none',
    parentLink: 'none',
    verifiesParent: false,
    qemuDriver: null,
    native: { read: true, write: true },
    notes: [
      'A folder with config.plist and the disks in Data/; each disk is read in place, as the image that it is.',
    ],
  },
  pvm: {
    label: 'Parallels machine',
    extensions: ['.pvm', '.macvm'],
    promises: ['.pvm', '.macvm'],
    magics: [],
    nativeHome: 'Parallels Desktop',
    maxVirtualSize: null,
    allocation: ['sparse'],
    allocationUnit: null,
    snapshots: 'none',
    parentLink: 'none',
    verifiesParent: false,
    qemuDriver: null,
    native: { read: true, write: true },
    notes: ['A folder with config.pvs and a bundle for each disk; each disk is read in place.'],
  },
} as const satisfies Record<FormatName, FormatRules>
